"""What the desks of stations and of the hub share: headers, sign-in, sessions, routes and rules, templates, words, serving."""
