"""Faulty and awkward files as data: their bytes, and what reading them must give.

Used by the tests of the reader and of the command line. A case that reads lists every value of
every column and what the notes must mention; one that does not lists what the message must contain.
Knows nothing of the code under test.
"""

from __future__ import annotations

import codecs
import gzip
import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """One file.

    Attributes:
        name: what is awkward about it.
        content: its bytes.
        columns: column -> all values, None where missing; None if the file must be refused.
        message: parts of the error's message, or of the notes where the file reads.
        file: its name on disk.
        options: what the user says about it.
    """

    name: str
    content: bytes
    columns: dict[str, list[Any]] | None = None
    message: tuple[str, ...] = ()
    file: str = "table.csv"
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        """Whether the file is to be read, not refused."""
        return self.columns is not None


def _text(text: str) -> bytes:
    return text.encode("utf-8")


def _parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


_PLAIN = {"a": [1, 2], "b": ["x", "y"]}

_STRUCTURE = (
    Case("plain", b"a,b\n1,x\n2,y\n", _PLAIN),
    Case("no line end at the end", b"a,b\n1,x\n2,y", _PLAIN),
    Case("CR LF", b"a,b\r\n1,x\r\n2,y\r\n", _PLAIN),
    Case("CR only", b"a,b\r1,x\r2,y\r", _PLAIN),
    Case("stray CR in a value", b"a,b\n1,x\n2,y\rz,3\n", None, ("line 3", "ends in CR")),
    Case("LF among CR", b"a,b\r1,x\n2,y\r", None, ("line 2", "ends in LF")),
    Case("blank lines at the end", b"a,b\n1,x\n2,y\n\n\n  \n", _PLAIN),
    Case("blank line in the middle", b"a,b\n1,x\n\n2,y\n", _PLAIN, ("blank line 3 is skipped",)),
    Case("blank lines at the start", b"\n\na,b\n1,x\n2,y\n", _PLAIN),
    Case(
        "blank line in one column",
        b"a\n1\n\n3\n",
        {"a": [1, None, 3]},
        ("blank line 3 is a missing value",),
    ),
    Case("empty file", b"", None, ("table.csv", "empty", "header")),
    Case("blank lines only", b"\n \n\n", None, ("table.csv", "only blank lines")),
    Case("header only", b"a,b\n", None, ("table.csv, line 1", "no rows")),
    Case("header only, no line end", b"a,b", None, ("table.csv, line 1", "no rows")),
    Case("short row", b"a,b,c\n1,2,3\n4,5\n", None, ("line 3", "expected 3 fields", "got 2")),
    Case("long row", b"a,b,c\n1,2,3\n4,5,6,7\n", None, ("line 3", "got 4", "quotes around")),
    Case(
        "ragged from the first row",
        b"a,b,c\n1,2\n3,4,5\n6\n",
        None,
        ("line 2", "got 2", "1 other line"),
    ),
    Case("decimal comma in comma file", b"a,b\n1,5,2\n", None, ("line 2", "expected 2", "got 3")),
    Case("row names without a header", b"a,b\nr1,1,2\nr2,3,4\n", None, ("line 2", "row names")),
    Case("title above the header", b"My table\na,b\n1,2\n3,4\n", None, ("line 2", "got 2")),
    Case("delimiter at the end of rows only", b"a,b\n1,2,\n3,4,\n", None, ("line 2", "got 3")),
    Case(
        "delimiter at the end everywhere",
        b"a,b,\n1,x,\n2,y,\n",
        _PLAIN,
        ("column 3 has no name and no values: left out",),
    ),
    Case(
        "ragged after quoted newlines",
        b'a,b\n"x\ny",1\n"p\nq"\n',
        None,
        ("line 4", "expected 2", "got 1"),
    ),
)

_QUOTES = (
    Case("quoted newline", b'a,b\n1,"x\ny"\n2,z\n', {"a": [1, 2], "b": ["x\ny", "z"]}),
    Case("quoted delimiter and quote", b'a,b\n1,"x, ""y"""\n', {"a": [1], "b": ['x, "y"']}),
    Case("quoted numbers", b'"a","b"\n"1","2.5"\n', {"a": [1], "b": [2.5]}),
    Case("quote inside an unquoted value", b'a,b\n1,5" pipe\n', {"a": [1], "b": ['5" pipe']}),
    Case("quoted header with newline", b'"a\nb",c\n1,2\n', {"a\nb": [1], "c": [2]}),
    Case("text after a quote", b'a,b\n1,x\n2,"y"z\n', None, ("line 3", "closing quote")),
    Case("single quotes inside", b'a,b\n1,"5" pipe"\n', None, ("line 2", "twice")),
    Case("backslash quotes", b'a,b\n1,"say \\"hi\\""\n', None, ("line 2", "twice")),
    Case("unclosed quote", b'a,b\n1,x\n2,"y\n3,z\n', None, ("line 3", "never closed")),
    Case("unclosed quote at the end", b'a,b\n1,x\n2,"y', None, ("line 3", "never closed")),
    Case("unclosed quote in the header", b'a,"b\n1,2\n', None, ("line 1", "quotes in the header")),
    Case(
        "unclosed quote that another closes",
        b'a,b\n1,"x\n2,"y"\n',
        None,
        ("line 2", "closing quote"),
    ),
)

_DELIMITERS = (
    Case("semicolon", b"a;b\n1;x\n2;y\n", _PLAIN, ("delimiter: ';'",)),
    Case("tab", b"a\tb\n1\tx\n2\ty\n", _PLAIN, ("delimiter: tab",)),
    Case("pipe", b"a|b\n1|x\n2|y\n", _PLAIN, ("delimiter: '|'",)),
    Case("sep line of Excel", b"sep=;\na;b\n1;x\n2;y\n", _PLAIN, ("delimiter: ';'",)),
    *(
        Case(
            f"tab given as {tab}",
            b"a\tb\n1\tx\n2\ty\n",
            _PLAIN,
            ("delimiter: tab",),
            options={"delimiter": tab},
        )
        for tab in ("\t", "\\t", "tab")
    ),
    Case("given", b"a:b\n1:x\n2:y\n", _PLAIN, ("delimiter: ':'",), options={"delimiter": ":"}),
    Case("one column", b"a\n1\n2\n", {"a": [1, 2]}),
    Case(
        "decimal commas",
        b"a;b;c\n1,5;2;0\n2,25;3;1\n",
        {"a": [1.5, 2.25], "b": [2, 3], "c": [0, 1]},
        ("delimiter: ';'", "decimal commas", "1,5 as 1.5"),
    ),
    Case(
        "decimal commas and dots in groups",
        b"a;b\n1.234,5;1\n2,5;2\n",
        {"a": [1234.5, 2.5], "b": [1, 2]},
        ("decimal commas",),
    ),
    Case(
        "other column proves the comma",
        b"a;b\n1,234;0,5\n2,345;1,5\n",
        {"a": [1.234, 2.345], "b": [0.5, 1.5]},
        ("1,234 as 1.234", "0,5 as 0.5"),
    ),
    Case("comma or thousands", b"a;b\n1,234;1\n", None, ("line 2", "'a'", "1,234", "decimal")),
    Case("quoted thousands", b'a,b\n"1,234",1\n', None, ("line 2", "'a'", "1,234", "decimal")),
    Case(
        "quoted thousands, proved",
        b'a,b\n"1,234,567",1\n"12,345.5",2\n',
        {"a": [1234567.0, 12345.5], "b": [1, 2]},
        ("groups of thousands",),
    ),
    Case(
        "quoted thousands, said",
        b'a,b\n"1,234",1\n',
        {"a": [1234], "b": [1]},
        ("groups of thousands",),
        options={"decimal": "."},
    ),
    Case("dots beside decimal commas", b"a;b\n1.234;0,5\n", None, ("line 2", "1.234", "decimal")),
    Case(
        "dots and whole numbers beside decimal commas",
        b"a;b\n7;1,5\n1.234;0,5\n",
        None,
        ("line 3", "1234 or 1.234", "decimal"),
    ),
    Case(
        "dots beside quoted decimal commas",
        b'a,b\n1.234,"0,5"\n5.678,"1,5"\n',
        None,
        ("line 2", "'a'", "1.234", "decimal"),
    ),
    Case(
        "each column its own proof",
        b"a;b\n54.15;0,5\n1.234;1,5\n",
        {"a": [54.15, 1.234], "b": [0.5, 1.5]},
        ("decimal commas",),
    ),
    Case(
        "both marks proved, a third column open",
        b"a;b;c\n54.15;0,5;1,234\n",
        None,
        ("line 2", "'c'", "1,234", "decimal"),
    ),
    Case(
        "a decimal point, commas asked for",
        b"x,y\n1,2.5\n2,54.15\n",
        None,
        ("line 2", "'y'", "'2.5'", "decimal point", "--decimal"),
        options={"decimal": ","},
    ),
    Case(
        "a decimal point among thousands, commas asked for",
        b"x;y\n1.234;2\n54.15;1\n",
        None,
        ("line 3", "'x'", "'54.15'", "decimal point"),
        options={"decimal": ","},
    ),
    Case(
        "a decimal comma, points asked for",
        b"x;y\n7;2\n1,5;1\n2,5;1\n",
        None,
        ("line 3", "'x'", "'1,5'", "decimal comma"),
        options={"decimal": "."},
    ),
    Case(
        "versions beside decimal commas that were asked for",
        b"x;y\nv;1,5\nw;2,5\nbeta;2,5\n1.2;4\n",
        {"x": ["v", "w", "beta", "1.2"], "y": [1.5, 2.5, 2.5, 4.0]},
        ("1,5 as 1.5",),
        options={"decimal": ","},
    ),
    Case(
        "thousands, decimal commas asked for",
        b"x;y\n1.234;2,5\n7;1,5\n",
        {"x": [1234, 7], "y": [2.5, 1.5]},
        ("groups of thousands, 1.234 as 1234", "2,5 as 2.5"),
        options={"decimal": ","},
    ),
    Case(
        "mostly decimal commas, one point",
        b"x;y\n1,5;2\n2,5;3\n3,5;4\n54.15;1\n",
        None,
        ("line 5", "'x'", "'54.15'", "expected a number"),
    ),
)

_HEADERS = (
    Case("duplicate names", b"a,b,a\n1,2,3\n", None, ("line 1", "'a'", "columns 1, 3")),
    Case("names equal but for spaces", b"a, a\n1,2\n", None, ("line 1", "'a'", "columns 1, 2")),
    Case("blank name", b"a,,c\n1,2,3\n", None, ("line 1", "column 2 of 3", "no name")),
    Case(
        "index written by pandas",
        b",a,b\n0,1,x\n1,2,y\n",
        _PLAIN,
        ("column 1 has no name and numbers the rows: left out",),
    ),
    Case("blank first name, no index", b",a\n7,1\n9,2\n", None, ("line 1", "column 1", "no name")),
    Case("spaces around names", b" a , b\n1,x\n2,y\n", _PLAIN),
    Case("header of numbers", b"1,2\n3,4\n", None, ("line 1", "only numbers", "header=False")),
    Case(
        "no header, said",
        b"1,2\n3,4\n",
        {"x0": [1, 3], "x1": [2, 4]},
        ("no header",),
        options={"header": False},
    ),
    Case(
        "header of years, said",
        b"2019,2020\n3,4\n",
        {"2019": [3], "2020": [4]},
        options={"header": True},
    ),
)

_ENCODINGS = (
    Case("UTF-8", _text("a,b\n1,é\n"), {"a": [1], "b": ["é"]}),
    Case("UTF-8 with mark", codecs.BOM_UTF8 + b"a,b\n1,x\n2,y\n", _PLAIN),
    Case("UTF-16", "a,b\n1,é\n".encode("utf-16"), {"a": [1], "b": ["é"]}, ("UTF-16",)),
    Case(
        "UTF-16 big-endian",
        codecs.BOM_UTF16_BE + "a,b\n1,é\n".encode("utf-16-be"),
        {"a": [1], "b": ["é"]},
        ("UTF-16",),
    ),
    Case("UTF-16 without mark", "a,b\n1,x\n".encode("utf-16-le"), None, ("NUL", "utf-16-le")),
    Case("UTF-16 cut short", "a,b\n1,é\n".encode("utf-16")[:-1], None, ("not UTF-16",)),
    Case(
        "Latin-1",
        "a,b\n1,x\n2,café\n".encode("latin-1"),
        {"a": [1, 2], "b": ["x", "café"]},
        ("not UTF-8", "line 3", "Windows-1252"),
    ),
    Case("Latin-1 only", b"a\n\x81\n", {"a": ["\x81"]}, ("Latin-1",)),
    Case(
        "encoding given",
        "a\nпривет\n".encode("cp1251"),
        {"a": ["привет"]},
        options={"encoding": "cp1251"},
    ),
    Case("wrong encoding given", _text("a\né\n"), None, ("ASCII",), options={"encoding": "ascii"}),
    Case("no such encoding", b"a\n1\n", None, ("utf-99",), options={"encoding": "utf-99"}),
    Case("NUL bytes", b"a,b\n1,x\n2,\0\n", None, ("line 3", "NUL")),
    Case("PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None, ("PNG picture", "CSV or Parquet")),
    Case("Excel", b"PK\x03\x04\x14\0xl/workbook.xml", None, ("Excel", "Save As")),
    Case("zip", b"PK\x03\x04\x14\0other", None, ("zip archive",)),
    Case("safetensors", b'\x02\0\0\0\0\0\0\0{"}', None, ("safetensors",)),
    Case("control characters", b"a,b\n\x01\x02,\xff\n", None, ("not text",)),
    Case("JSON", b'[{"a": 1}]', None, ("JSON",)),
    Case("HTML", b"<!DOCTYPE html><html></html>", None, ("HTML",)),
    Case("gzip", gzip.compress(b"a,b\n1,x\n2,y\n"), _PLAIN, file="table.csv.gz"),
    Case("gzip cut short", gzip.compress(b"a,b\n1,x\n")[:-6], None, ("gzip", "cut short")),
)

_VALUES = (
    Case(
        "missing values",
        b"a,b,c\n1,x,1.5\n,NA,n/a\n3,,NaN\n",
        {"a": [1, None, 3], "b": ["x", None, None], "c": [1.5, None, None]},
        ("'NA' counted as missing: 1 value in 'b'", "'n/a'", "'NaN'"),
    ),
    Case("question marks", b"a\n1\n?\n-\n", {"a": [1, None, None]}, ("'?'", "'-'")),
    Case("all missing", b"a,b\n1,\n2,NA\n", {"a": [1, 2], "b": [None, None]}, ("'NA'",)),
    Case(
        "own missing spelling",
        b"a\n1\n-999\n",
        {"a": [1, None]},
        ("'-999' counted as missing",),
        options={"missing": ("-999",)},
    ),
    Case("quoted empty field", b'a,b\n1,""\n2,y\n', {"a": [1, 2], "b": [None, "y"]}),
    Case(
        "word among decimals",
        b"a,b\n1,2.5\n2,unknown\n3,1.5\n",
        None,
        ("table.csv, line 3", "'b'", "'unknown'", "expected a number", "text=['b']"),
    ),
    Case(
        "word among many integers",
        _text("a\n" + "".join(f"{i}\n" for i in range(40)) + "12kg\n"),
        None,
        ("line 42", "'a'", "'12kg'", "expected a number"),
    ),
    Case(
        "word among decimals, text said",
        b"b\n2.5\nunknown\n1.5\n",
        {"b": ["2.5", "unknown", "1.5"]},
        options={"text": ("b",)},
    ),
    Case(
        "codes with numbers",
        b"a\n1\n2\n3+\n",
        {"a": ["1", "2", "3+"]},
        ("67% of its values are numbers", "'3+' on line 4"),
    ),
    Case(
        "truth values", b"a,b\ntrue,FALSE\nfalse,TRUE\n", {"a": [True, False], "b": [False, True]}
    ),
    Case("yes and no", b"a\nyes\nno\n", {"a": ["yes", "no"]}),
    Case("truth values, mixed case", b"a\ntrue\nFalse\n", {"a": ["true", "False"]}),
    Case(
        "integers beyond 2^53",
        b"a\n9007199254740993\n-9223372036854775808\n",
        {"a": [9007199254740993, -9223372036854775808]},
    ),
    Case(
        "integers beyond int64",
        b"a\n9223372036854775808\n1\n",
        {"a": ["9223372036854775808", "1"]},
        ("'a'", "too large for 64 bits"),
    ),
    Case(
        "large integers with missing",
        b"a\n99999999999999999999\nNA\n",
        {"a": ["99999999999999999999", None]},
        ("too large for 64 bits",),
    ),
    Case(
        "large integer among decimals",
        b"a\n0.5\n9007199254740993\n",
        {"a": [0.5, 9007199254740992.0]},
        ("line 3", "9007199254740993 to 9007199254740992"),
    ),
    Case("too large a number", b"a\n1.5\n1e999\n", None, ("line 3", "'a'", "1e999", "too large")),
    Case("infinity", b"a\n1.5\n-inf\nInfinity\n", {"a": [1.5, -float("inf"), float("inf")]}),
    Case(
        "leading zeros",
        b"a,b\n007,1.5\n123,2.5\n",
        {"a": ["007", "123"], "b": [1.5, 2.5]},
        ("'a'", "leading zeros", "007"),
    ),
    Case("leading zeros, missing", b"a\n007\nNA\n", {"a": ["007", None]}, ("leading zeros",)),
    Case("leading zeros, spaces", b"a\n 007\n12\n", {"a": [" 007", "12"]}, ("leading zeros",)),
    Case("leading zeros among decimals", b"a\n1.5\n010\n", {"a": [1.5, 10.0]}),
    Case("leading zeros and NaN", b"a\n007\nNaN\n", {"a": ["007", None]}, ("leading", "NaN")),
    Case("hexadecimal", b"a\n0x1F\n0x2A\n", {"a": ["0x1F", "0x2A"]}, ("hexadecimal",)),
    Case("underscores", b"a\n1_000\n2_000\n", {"a": ["1_000", "2_000"]}),
    Case("spaces around numbers", b"a, b\n1 , 2.5\n2 , 3.5\n", {"a": [1, 2], "b": [2.5, 3.5]}),
    Case("minus sign of a typesetter", _text("a\n\u22125\n3\n"), {"a": [-5, 3]}),
    Case("other digits", _text("a\n٣\n٤\n"), {"a": ["٣", "٤"]}),
    Case("exponents", b"a\n1e3\n-2.5E-1\n+.5\n3.\n", {"a": [1000.0, -0.25, 0.5, 3.0]}),
    Case("spaces around text", b"a\nx\n x\n", {"a": ["x", " x"]}, ("spaces around", "' x'")),
)

_DATES = (
    Case(
        "ISO dates",
        b"a,b\n2026-01-31,2026-01-31 10:20:30\n,2026-02-01T00:00:00.5\n",
        {
            "a": [datetime(2026, 1, 31), None],
            "b": [datetime(2026, 1, 31, 10, 20, 30), datetime(2026, 2, 1, 0, 0, 0, 500000)],
        },
    ),
    Case(
        "zones",
        b"a\n2026-01-31T10:00:00Z\n2026-01-31T10:00:00+02:00\n",
        {"a": [datetime(2026, 1, 31, 10), datetime(2026, 1, 31, 8)]},
        ("UTC",),
    ),
    Case("no such day", b"a\n2026-02-30\n2026-01-01\n", {"a": ["2026-02-30", "2026-01-01"]}),
    Case(
        "day or month first",
        b"a\n01/02/2026\n03/04/2026\n",
        {"a": ["01/02/2026", "03/04/2026"]},
        ("'a'", "day and month"),
    ),
    Case(
        "day first, proved",
        b"a\n01/02/2026\n31/12/2026\n",
        {"a": [datetime(2026, 2, 1), datetime(2026, 12, 31)]},
        ("day first",),
    ),
    Case(
        "month first, proved",
        b"a\n01/02/2026\n12/31/2026\n",
        {"a": [datetime(2026, 1, 2), datetime(2026, 12, 31)]},
        ("month first",),
    ),
    Case(
        "points between day and month",
        b"a\n01.02.2026\n03.04.2026\n",
        {"a": [datetime(2026, 2, 1), datetime(2026, 4, 3)]},
        ("day first", "with points"),
    ),
    Case(
        "month first with points, proved",
        b"a\n01.02.2026\n03.14.2026\n",
        {"a": [datetime(2026, 1, 2), datetime(2026, 3, 14)]},
        ("month first", "prove"),
    ),
    Case(
        "day first, asked for",
        b"a\n01/02/2026\n03/04/2026\n",
        {"a": [datetime(2026, 2, 1), datetime(2026, 4, 3)]},
        ("day first, as asked",),
        options={"dates": "day-first"},
    ),
    Case(
        "month first, asked for",
        b"a\n01/02/2026\n03/04/2026\n",
        {"a": [datetime(2026, 1, 2), datetime(2026, 3, 4)]},
        ("month first, as asked",),
        options={"dates": "month-first"},
    ),
    Case(
        "month first asked for, disproved",
        b"a,b\n01/02/2026,1\n31/12/2026,2\n",
        None,
        ("line 3", "'a'", "31/12/2026", "month first", "--dates"),
        options={"dates": "month-first"},
    ),
)

_PARQUET = (
    Case(
        "Parquet",
        _parquet(
            a=pa.array([1, None], pa.int8()),
            b=pa.array(["x", None]).dictionary_encode(),
            c=pa.array([True, None]),
            d=pa.array([1.5, float("nan")], pa.float32()),
        ),
        {"a": [1, None], "b": ["x", None], "c": [True, None], "d": [1.5, None]},
        file="table.parquet",
    ),
    Case(
        "Parquet with lists",
        _parquet(a=[1, 2], b=[[1], [2]]),
        {"a": [1, 2]},
        ("'b' left out", "list"),
        file="table.parquet",
    ),
    Case(
        "Parquet with large unsigned integers",
        _parquet(a=pa.array([2**64 - 1, 1], pa.uint64())),
        {"a": ["18446744073709551615", "1"]},
        ("too large for 64 bits",),
        file="table.parquet",
    ),
    Case("Parquet cut short", _parquet(a=[1, 2])[:-20], None, ("damaged",), file="t.parquet"),
    Case("no Parquet", b"a,b\n1,2\n", None, ("not a Parquet file", ".csv"), file="t.parquet"),
    Case("Parquet without rows", _parquet(a=pa.array([], pa.int8())), None, ("0 rows",)),
)

CASES = (
    *_STRUCTURE,
    *_QUOTES,
    *_DELIMITERS,
    *_HEADERS,
    *_ENCODINGS,
    *_VALUES,
    *_DATES,
    *_PARQUET,
)
