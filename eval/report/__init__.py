"""A run for people: one page in HTML, and a table for spreadsheets."""

from eval.report.write import write_report

__all__ = ["write_report"]
