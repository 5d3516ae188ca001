"""The assembly: language folders become asset graphs, jobs and one Dagster code location. No stage logic."""
