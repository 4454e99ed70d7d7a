"""What all tables are listed in."""

from sqlalchemy import MetaData

metadata = MetaData()
