"""What each command asks for, once and whole: an answer with its changes, or a refusal and none."""
