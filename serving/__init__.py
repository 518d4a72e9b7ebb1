"""Serving: exporting an agent as a SavedModel, a server for SavedModels, and a client."""
