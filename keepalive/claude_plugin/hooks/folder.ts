// The keeper's folder, absolute. Filled in when the plugin is installed; while it is empty the plugin does nothing.
export const FOLDER: string = ''
