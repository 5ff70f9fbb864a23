"""What `warmside install claude` writes and `uninstall claude` takes back: worked out purely, then written."""
