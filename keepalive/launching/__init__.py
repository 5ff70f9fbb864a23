"""How each client is started so that its requests pass our gateway: one module a client, on what they share."""
