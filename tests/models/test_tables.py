"""Reading tables: what is accepted, and one clear line for each thing that is not."""

import contextlib
import gzip
import os
import threading
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from tunesmith.errors import DataError
from tunesmith.models.data import prepare
from tunesmith.models.tables import read_table

ROWS = "size,colour,price\n1.5,red,10\n2.5,blüe,20\n,red,30\n"


def write(tmp_path, content, name="data.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def refused(path, **options):
    with pytest.raises(DataError) as caught:
        read_table(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path, separator):
    frame = read_table(write(tmp_path, ROWS.replace(",", separator)))
    assert list(frame.columns) == ["size", "colour", "price"]
    assert frame["price"].tolist() == [10, 20, 30]
    assert frame["size"].isna().tolist() == [False, False, True]


def test_decimal_commas_are_read_where_commas_do_not_separate(tmp_path):
    frame = read_table(write(tmp_path, "größe;n;preis\n1,5;a;1\n2,25;b;2\n"))
    assert frame["größe"].tolist() == [1.5, 2.25]


def test_a_quoted_comma_does_not_count_as_a_separator(tmp_path):
    frame = read_table(write(tmp_path, 'name;x\n"Doe, Jane";1\n"Roe, Jim";2\n'))
    assert frame["name"].tolist() == ["Doe, Jane", "Roe, Jim"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_with_or_without_a_byte_order_mark(tmp_path, encoding):
    frame = read_table(write(tmp_path, ROWS, encoding=encoding))
    assert list(frame.columns) == ["size", "colour", "price"]
    assert frame["colour"][1] == "blüe"


def test_compressed_files_are_read_by_content_not_by_name(tmp_path):
    assert len(read_table(write(tmp_path, gzip.compress(ROWS.encode()), "data.bin"))) == 3
    archive = tmp_path / "data.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("inner.csv", ROWS)
    assert read_table(archive)["price"].sum() == 60
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("second.csv", ROWS)
    assert "must hold one table" in refused(archive)
    assert "broken" in refused(write(tmp_path, gzip.compress(ROWS.encode() * 99)[:60], "cut.csv.gz"))


def test_parquet_is_read_and_a_broken_one_refused(tmp_path):
    pd.DataFrame({"a": [1, 2], "b": ["x", None]}).to_parquet(tmp_path / "data.parquet")
    assert read_table(tmp_path / "data.parquet")["a"].tolist() == [1, 2]
    assert "Parquet" in refused(write(tmp_path, b"PAR1 but not really", "bad.parquet"))


def test_marks_of_missing_values(tmp_path):
    frame = read_table(write(tmp_path, "a, b\n?, x\nNA, y\n3,?\n"))
    assert frame["a"].isna().tolist() == [True, True, False]
    assert frame["b"].tolist()[:2] == ["x", "y"]


def test_a_wrong_encoding_says_which_was_tried_and_another_can_be_given(tmp_path):
    path = write(tmp_path, ROWS, encoding="latin-1")
    text = refused(path)
    assert "encodings tried: utf-8" in text
    assert "0xfc" in text
    assert read_table(path, encoding="latin-1")["colour"][1] == "blüe"
    assert "no such encoding" in refused(path, encoding="klingon")


def test_a_wrong_encoding_far_down_the_file_is_refused_too(tmp_path):
    long = b"a,b\n" + b"1,ok\n" * 100_000 + "2,blüe\n".encode("latin-1")
    assert "encodings tried: utf-8" in refused(write(tmp_path, long))


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path, content):
    assert "empty" in refused(write(tmp_path, content))


def test_a_header_alone_has_no_rows(tmp_path):
    assert "no rows" in refused(write(tmp_path, "a,b,c\n"))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "no such data file" in refused(tmp_path / "nowhere.csv")
    assert "cannot be read" in refused(tmp_path)


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    assert "'b'" in refused(write(tmp_path, "a,b,b\n1,2,3\n"))


@pytest.mark.parametrize("content", ["5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,2.9,virginica\n", "3,1,2\n1,5,6\n"])
def test_a_file_without_a_header_is_refused(tmp_path, content):
    assert "no header" in refused(write(tmp_path, content))


@pytest.mark.parametrize("header", ["0,1,2", "2019,2020,2021", "400.5,401.0,target"])
def test_names_that_are_numbers_are_a_header(tmp_path, header):
    frame = read_table(write(tmp_path, f"{header}\n1,2,3\n4,5,6\n"))
    assert ",".join(frame.columns) == header


def test_text_that_is_no_table_is_refused(tmp_path):
    assert "no text table" in refused(write(tmp_path, b"\x7fELF\0\0\0\1abc"))
    assert "no text table" in refused(write(tmp_path, b"\x98\xff\0" * 9))
    assert "cannot be read" in refused(write(tmp_path, 'a,b\n1,2\n1,2,3,4\n"5,6\n'))


@pytest.mark.parametrize("title", ["Sales of 2024\n\n", "# made by a tool\n"])
def test_a_title_above_the_header_is_refused(tmp_path, title):
    text = refused(write(tmp_path, title + ROWS))
    assert "the first line holds no names of columns" in text
    assert "allowed: 3 names" in text
    assert repr(title.strip()) in text


def test_a_single_column_is_a_table(tmp_path):
    notes = read_table(write(tmp_path, "note\n" + "well, done\nno\nyes, but, then\n" * 3))
    assert notes["note"].tolist() == ["well, done", "no", "yes, but, then"] * 3
    assert list(read_table(write(tmp_path, "a\n1\n2\n")).columns) == ["a"]


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("book.xlsx", "excel"),
        ("BOOK.XLS", "excel"),
        ("a.jsonl", "json"),
        ("a.pkl", "pickle"),
        ("a.h5", "hdf"),
    ],
)
def test_another_format_is_refused_with_what_to_do(tmp_path, name, reader):
    assert f"Save it as CSV, for example with pandas.read_{reader}" in refused(write(tmp_path, b"?\1", name))


def test_lines_with_a_name_before_their_fields_are_read_as_r_writes_them(tmp_path):
    file = tmp_path / "r.csv"
    file.write_text("a,b\n" + "".join(f'"{k}",{k % 7},{k % 5}\n' for k in range(40)))
    frame = read_table(file)
    assert frame["a"].tolist() == [k % 7 for k in range(40)]
    found = prepare(frame, "b", "regression")
    assert list(found.X.columns) == ["a"]
    assert any("rownames" in note for note in found.notes)
    file.write_text("rownames,b\nx,1,2\ny,3,4\n")
    with pytest.raises(DataError, match="a column name is there twice; given: 'rownames'"):
        prepare(read_table(file), "b")


def test_a_separator_at_the_end_of_every_line_shifts_no_column(tmp_path):
    file = tmp_path / "end.csv"
    file.write_text("a,b\n1,2,\n3,4,\n1,5,\n")
    assert read_table(file).to_dict("list") == {"a": [1, 3, 1], "b": [2, 4, 5]}


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "SEP=,\n", "sep=\t\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_first_line_for_excel_is_passed_over(tmp_path, first, encoding):
    separator = first.strip('"\r\n')[-1]
    rows = separator.join("ab") + "\n" + separator.join("12") + "\n" + separator.join("34") + "\n"
    file = write(tmp_path, (first + rows).encode(encoding), "excel.csv")
    assert read_table(file).to_dict("list") == {"a": [1, 3], "b": [2, 4]}


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("a,b\n1,2,3\n4\n", "1 in line 3"),
        ("a,b\n1,2,3\n1,5,6\n", "3 in line 2"),
        ("a,b\n1,2,3,4\n5,6,7,8\n", "4 in line 2"),
        ("a,b\n1,2,3\n4,5\n", "3 in line 2"),
    ],
)
def test_fields_without_a_name_are_refused(tmp_path, text, given):
    file = tmp_path / "ragged.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=f"another number of fields .* allowed: 2 fields; given: {given}"):
        read_table(file)


@contextlib.contextmanager
def pipe_of(content):
    reading, writing = os.pipe()

    def write_all():
        with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "wb") as end:
            end.write(content)

    writer = threading.Thread(target=write_all)
    writer.start()
    try:
        yield f"/dev/fd/{reading}"
    finally:
        os.close(reading)
        writer.join()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("rows", [3, 60_000])  # more than a pipe holds, and than is looked at first
def test_what_comes_through_a_pipe_is_read_to_the_end(pack, rows):
    content = b"a,b\n" + b"".join(b"%d,%d.5\n" % (k, k) for k in range(rows))
    with pipe_of(pack(content)) as path:
        assert read_table(path)["a"].tolist() == list(range(rows))


def test_parquet_comes_through_a_pipe_too():
    kept = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    with pipe_of(kept.to_parquet()) as path:
        pd.testing.assert_frame_equal(read_table(path), kept)


@pytest.mark.parametrize(
    ("path", "fix"), [("https://x.org/a.csv", "Download it first."), ("-", "write /dev/stdin.")]
)
def test_what_people_take_for_a_file_is_told_what_to_do(path, fix):
    for given in (path, Path(path)):
        assert refused(given).endswith(fix)
