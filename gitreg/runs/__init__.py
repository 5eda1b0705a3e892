"""What training code holds in its hands: the model it works on."""
