"""What officers do with a case: one module per action. Act, state and outgoing message are stored in one transaction."""
