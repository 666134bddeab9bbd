"""The delimiter that is found where several could be meant."""

import pytest

from clearprop.tables.csv_dialect import sniff


@pytest.mark.parametrize(
    ("content", "header", "delimiter"),
    [
        (b"id,lat|lon,a,y\n1,2|3,4,5\n6,7|8,9,0\n", None, ","),
        (b"a|b;c|d\n1|2;3|4\n", None, "|"),
        (b"a,b|c\n1,2|x\n", None, "|"),
        (b"a;b\n1,5;2,0\n", None, ";"),
        (b"1,5;2,0\n3,5;4,0\n", False, ";"),
        (b"weight, kg;height, m\n70,5;1,75\n81,0;1,80\n", None, ";"),
        (b"weight, kg;height, m;who\n70,5; 1,75;x\n81,0; 1,80;y\n", None, ";"),
    ],
)
def test_the_delimiter_that_cuts_into_most_fields_is_found(
    content: bytes, header: bool | None, delimiter: str
) -> None:
    assert sniff(content, "t.csv", None, header).delimiter == delimiter
