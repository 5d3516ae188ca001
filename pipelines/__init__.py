"""The assembly: language folders become asset graphs, jobs and a Dagster code location. No stage logic."""
