"""Views: what a person sees. They take rows, not models."""
