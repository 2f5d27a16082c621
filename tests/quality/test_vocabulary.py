"""The vocabulary fits the contracts, so that every code has a label and no word is for a field that does not exist."""

from __future__ import annotations

import pytest

from quality.contract import Contract, load_contracts
from quality.vocabulary import load_vocabulary, word_key

RECORDS = [contract for contract in load_contracts().values() if contract.kind == "record"]


def test_every_record_dataset_has_words_and_no_other() -> None:
    assert set(load_vocabulary().datasets) == {contract.dataset for contract in RECORDS}


@pytest.mark.parametrize("contract", RECORDS, ids=lambda contract: contract.dataset)
def test_words_are_for_fields_and_codes_that_exist(contract: Contract) -> None:
    words = load_vocabulary().datasets[contract.dataset]
    expected = {field.name for field in contract.fields} - {"unit_code", "instrument_code"}
    assert set(words.fields) == expected
    codes = {field.name: set(field.values) for field in contract.fields if field.values}
    assert {name: set(values) for name, values in words.values.items()} == codes


@pytest.mark.parametrize("contract", RECORDS, ids=lambda contract: contract.dataset)
def test_a_word_stands_for_one_code(contract: Contract) -> None:
    for field, codes in load_vocabulary().datasets[contract.dataset].values.items():
        listed = [word_key(word) for words in codes.values() for word in dict.fromkeys(map(word_key, words))]
        assert len(listed) == len(set(listed)), (field, [word for word in listed if listed.count(word) > 1])
        assert all(len(words) >= 2 for words in codes.values()), field


@pytest.mark.parametrize(
    "spelling",
    ["Ngày tiếp nhận", "NGÀY TIẾP NHẬN", "Ngay_Tiep_Nhan", "ngayTiepNhan", "NgayTiepNhan", " ngay tiep-nhan:"],
)
def test_headings_are_compared_folded(spelling: str) -> None:
    assert word_key(spelling) == "ngay tiep nhan"


def test_folding_keeps_what_tells_apart() -> None:
    assert word_key("TraLoi10") == "tra loi 10" and word_key("60+") == "60+" and word_key("Đơn vị") == "don vi"
    assert word_key("MaTTHC") == "ma tthc" and word_key("q1_01") == "q 1 01"
