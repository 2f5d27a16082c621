"""What a Vietnamese syllable can be: the spelling of its onset, rhyme and tone. Whether it is a word is not known here.

Vietnamese writes each syllable as a word, and its spelling leaves few possibilities; text in a wrong character set, and
nearly every word of another language that has marks, falls outside them. The onsets and rhymes are those of the standard
orthography, with k at the end beside them, which names of places in the
Highlands need.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

_ONSETS = "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"
_RHYMES = (
    "a ac ach ai ak am an ang anh ao ap at au ay "
    "ăc ăk ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây "
    "e ec em en eng eo ep et ê êch êm ên ênh êp êt êu "
    "i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu "
    "o oc oi ok om on ong op ot oa oac oach oai oam oan oang oanh oao oap oat oay "
    "oăc oăm oăn oăng oăt oe oen oeo oet ooc oong ô ôc ôi ôk ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt "
    "u ua uc ui um un ung up ut uân uâng uât uây uê uêch uên uênh uêt uơ uôc uôi uôm uôn uông uôt "
    "uy uya uych uyn uynh uyp uyt uyu uyên uyêt ư ưa ưc ưi ưm ưn ưng ưt ưu "
    "ươc ươi ươm ươn ương ươp ươt ươu y yêm yên yêng yêt yêu"
)
# After qu and gi the rhyme has lost the u or i that it would begin with.
_AFTER_QU = (
    "a ac ach ai an ang anh ao at au ay ăc ăm ăn ăng ăp ăt âc ân âng ât âu ây e en eo et ê êch ên ênh êt "
    "i in inh ich it iu ôc ơ ơi ơn ơt y ych yên yêt yn ynh yp yt yu"
)
_AFTER_GI = (
    "a ac ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e em en eo "
    "êng êt êc êm ên êp êu o oc oi ok om on ong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơn ơt u ua uc ui um un uôc uôi uông uôt "
    "ư ưa ưc ưn ưng ươc ươi ươm ươn ương ươt ưu"
)
_STOPS = ("c", "ch", "k", "p", "t")
# Combining grave, acute, tilde, hook above, dot below.
_TONES = "\u0300\u0301\u0303\u0309\u0323"
# A syllable that ends in a stop has the acute or the dot below.
_STOP_TONES = "\u0301\u0323"
_TONE = re.compile(f"[{_TONES}]")


@cache
def _toneless() -> frozenset[str]:
    onsets = ["", *_ONSETS.split()]
    plain = {onset + rhyme for onset in onsets for rhyme in _RHYMES.split() if onset not in ("qu", "gi")}
    after = {"qu" + rhyme for rhyme in _AFTER_QU.split()} | {"gi" + rhyme for rhyme in _AFTER_GI.split()}
    return frozenset(plain | after)


@lru_cache(maxsize=100_000)
def is_syllable(word: str) -> bool:
    """Whether a word (letters only, any case, NFC or NFD) is spelt as a Vietnamese syllable, with at most one tone."""
    text = unicodedata.normalize("NFD", word.lower())
    tones = _TONE.findall(text)
    base = unicodedata.normalize("NFC", _TONE.sub("", text))
    if len(tones) > 1 or base not in _toneless():
        return False
    if tones and base.endswith(_STOPS):
        return tones[0] in _STOP_TONES
    return True
