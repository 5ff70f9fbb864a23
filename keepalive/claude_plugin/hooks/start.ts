// How the keeper is started: the command (empty: it is not), and its WARMSIDE_HOME ('' for the usual folders). Filled in
// when the plugin is installed, since a session may come with another environment.
export const START: readonly string[] = []
export const HOME: string = ''
