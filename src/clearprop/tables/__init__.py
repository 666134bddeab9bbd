"""Tables: from files and frames to typed columns, and from columns to arrays."""

from clearprop.tables.bundled import BUNDLED
from clearprop.tables.read import read_table
from clearprop.tables.table import Column, Table

__all__ = ["BUNDLED", "Column", "Table", "read_table"]
