"""The hub over HTTP: routes, sign-in of agents, problem details, the event stream, the process that serves them."""
