"""What the inference container runs: one WSGI application on granian, answering `/ping` and `/invocations`."""
