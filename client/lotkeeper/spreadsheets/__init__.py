"""Plants in spreadsheets: CSV files, one for each section of a plant's document, as people have them.

    tables = read_plant(Path("plant"), CsvOptions(decimal=","))
    client.import_master_data(tables.document(), export_format=enums_pb2.EXPORT_FORMAT_JSON)

A fault that the server finds names a place of the document, `lots[3].name`; `tables.cell_at` says which cell that was.
"""

from lotkeeper.spreadsheets.cells import Cell, Fault, SpreadsheetFaults
from lotkeeper.spreadsheets.options import CsvOptions, OptionFault
from lotkeeper.spreadsheets.reading import PlantTables, read_plant, read_section
from lotkeeper.spreadsheets.sections import SECTIONS
from lotkeeper.spreadsheets.writing import write_plant

__all__ = [
    "SECTIONS",
    "Cell",
    "CsvOptions",
    "Fault",
    "OptionFault",
    "PlantTables",
    "SpreadsheetFaults",
    "read_plant",
    "read_section",
    "write_plant",
]
