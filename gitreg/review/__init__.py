"""What a registry or a change means to the person who must approve it."""
