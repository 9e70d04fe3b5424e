"""Faults below HTTP over real sockets: the bridge's own client, TLS, a proxy that breaks what passes, and served emulators."""
