"""The graph that Dagster sees, loaded from generated language folders."""
