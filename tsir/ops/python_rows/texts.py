"""Rows of str and bytes, and of `re`."""

from __future__ import annotations

import re
from collections.abc import Iterator

STR = r"""
str_capitalize(self)                            str         {0}.capitalize()
str_casefold(self)                              str         {0}.casefold()
str_center(self, width, fillchar=' ')           str         {0}.center({1:})             raises
str_count(self, sub, start=None, end=None)      int         {0}.count({1:})
str_endswith(self, suffix, start=None, end=None)   bool     {0}.endswith({1:})
str_expandtabs(self, tabsize=8)                 str         {0}.expandtabs({1:})
str_find(self, sub, start=None, end=None)       int         {0}.find({1:})
str_format(self, *values)                       str         rt.str_format({args})        raises
str_format_map(self, mapping)                   str         {0}.format_map({1})          raises
str_index(self, sub, start=None, end=None)      int         {0}.index({1:})              raises
str_isalnum(self)                               bool        {0}.isalnum()
str_isalpha(self)                               bool        {0}.isalpha()
str_isascii(self)                               bool        {0}.isascii()
str_isdecimal(self)                             bool        {0}.isdecimal()
str_isdigit(self)                               bool        {0}.isdigit()
str_isidentifier(self)                          bool        {0}.isidentifier()
str_islower(self)                               bool        {0}.islower()
str_isnumeric(self)                             bool        {0}.isnumeric()
str_isprintable(self)                           bool        {0}.isprintable()
str_isspace(self)                               bool        {0}.isspace()
str_istitle(self)                               bool        {0}.istitle()
str_isupper(self)                               bool        {0}.isupper()
str_join(self, values)                          str         {0}.join({1})
str_ljust(self, width, fillchar=' ')            str         {0}.ljust({1:})              raises
str_lower(self)                                 str         {0}.lower()
str_lstrip(self, chars=None)                    str         {0}.lstrip({1:})
str_maketrans(source, to=None, removed=None)    translation   str.maketrans({args})      raises fresh
str_encode(self, encoding='utf-8', errors='strict')   bytes   {0}.encode({1:})           raises
bytes_decode(self, encoding='utf-8', errors='strict')   str   {0}.decode({1:})           raises
bytes_hex(self, sep=':', bytes_per_sep=1)       str         {0}.hex({1:})                raises
bytes_fromhex(text)                             bytes       bytes.fromhex({0})           raises
bytes_maketrans(source, to)                     bytes       bytes.maketrans({0}, {1})    raises
bytes_translate(self, table, delete=b'')        bytes       {0}.translate({1:})          raises
str_partition(self, sep)                        tuple str str str   {0}.partition({1})   raises
str_removeprefix(self, prefix)                  str         {0}.removeprefix({1})
str_removesuffix(self, suffix)                  str         {0}.removesuffix({1})
str_replace(self, old, new, count=-1)           str         {0}.replace({1:})
str_rfind(self, sub, start=None, end=None)      int         {0}.rfind({1:})
str_rindex(self, sub, start=None, end=None)     int         {0}.rindex({1:})             raises
str_rjust(self, width, fillchar=' ')            str         {0}.rjust({1:})              raises
str_rpartition(self, sep)                       tuple str str str   {0}.rpartition({1})   raises
str_rsplit(self, sep=None, maxsplit=-1)         list str    {0}.rsplit({1:})             raises fresh
str_rstrip(self, chars=None)                    str         {0}.rstrip({1:})
str_split(self, sep=None, maxsplit=-1)          list str    {0}.split({1:})              raises fresh
str_splitlines(self, keepends=False)            list str    {0}.splitlines({1:})         fresh
str_startswith(self, prefix, start=None, end=None)   bool   {0}.startswith({1:})
str_strip(self, chars=None)                     str         {0}.strip({1:})
str_swapcase(self)                              str         {0}.swapcase()
str_title(self)                                 str         {0}.title()
str_translate(self, table)                      str         {0}.translate({1})           raises
str_upper(self)                                 str         {0}.upper()
str_zfill(self, width)                          str         {0}.zfill({1})
"""

REGULAR_EXPRESSIONS = r"""
re_spans(p, flags, how, s)   list int   [x for m in [re.__dict__[{2}]({0}, {3}, {1})] if m for s in m.regs for x in s]   raises fresh
re_all_spans(pattern, flags, text)   any   [[x for s in m.regs for x in s] for m in re.finditer({0}, {2}, {1})]   raises fresh
re_findall(pattern, flags, text)   any         re.findall({0}, {2}, {1})      raises fresh
re_split(pattern, flags, text, maxsplit)   any   re.split({0}, {2}, {3}, {1})    raises fresh
re_sub(pattern, flags, repl, text, count)  str   re.sub({0}, {2}, {3}, {4}, {1})   raises
re_subn(pattern, flags, repl, text, count)   tuple str int   re.subn({0}, {2}, {3}, {4}, {1})   raises
re_escape(text)                str            re.escape({0})
"""

_BYTES = (
    "capitalize center count endswith expandtabs find index isalnum isalpha isascii isdigit islower isspace istitle isupper join "
    "ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines "
    "startswith strip swapcase title upper zfill"
)
"""The methods of bytes that are those of str with bytes in place of str."""


def bytes_rows() -> Iterator[str]:
    """The rows of the methods of bytes."""
    for row in STR.splitlines():
        if row.startswith("str_") and row[4:].partition("(")[0] in _BYTES.split():
            signature, result, rest = re.split(r"\s{2,}", row, maxsplit=2)
            name = signature.replace("str_", "bytes_").replace("fillchar=' '", "fillchar=b' '")
            yield f"{name}   {result.replace('str', 'bytes')}   {rest}"
