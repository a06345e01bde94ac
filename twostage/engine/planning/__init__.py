"""What a document asks for, under which keys, and what is done of it."""
