"""Rows of the built-in functions, by their names in Python."""

from __future__ import annotations

BUILTINS = r"""
int(value=0, base=10)           int                 int({args})                      raises
float(value=0.0)                float               float({args})                    raises
bytes(value=b'', encoding=None, errors=None)   bytes   bytes({args})             raises
str_of_bytes(value, encoding='utf-8', errors='strict')   str   str({args})          raises
bool(value=False)               bool                bool({args})
complex(real=0, imag=0)         complex             complex({args})                  raises
str(value)                      str                 rt.str({0})
repr(value)                     str                 rt.repr({0})
size_text(size)                 str                 "torch.Size(" + repr({0}) + ")"
ascii(value)                    str                 rt.repr({0}).encode("ascii", "backslashreplace").decode("ascii")
ascii_text(text: str)           str                 {0}.encode("ascii", "backslashreplace").decode("ascii")
format(value, spec='')          str                 rt.format({args})                raises
chr(code)                       str                 chr({0})                         raises
ord(character)                  int                 ord({0})                         raises
hex(value)                      str                 hex({0})
oct(value)                      str                 oct({0})
bin(value)                      str                 bin({0})
hash(value)                     int                 hash({0})                        raises
id(value)                       int                 id({0})
abs(value)                      magnitude           abs({0})
round(value, ndigits=None)      rounded             round({args})                    raises
divmod(a, b)                    quotient_remainder  divmod({0}, {1})                 raises
min(*values)                    extreme             min({args})                      raises
max(*values)                    extreme             max({args})                      raises
min_default(values, default)    element_or_default  min({0}, default={1})
max_default(values, default)    element_or_default  max({0}, default={1})
sum(values, start=0)            total               sum({args})
any(values)                     bool                any({0})
all(values)                     bool                all({0})
sorted(values, reverse=False)   list element        sorted({0}, reverse=bool({1:}))  raises fresh
sort_order(keys, reverse=False)   list int          sorted(range(len({0})), key={0}.__getitem__, reverse=bool({1:}))   raises fresh
taken(values, positions)        same                list(map({0}.__getitem__, {1}))   raises fresh
min_position(keys)              int                 min(range(len({0})), key={0}.__getitem__)   raises
max_position(keys)              int                 max(range(len({0})), key={0}.__getitem__)   raises
iter(values)                    any                 iter({0})                        fresh
next(iterator, default=None)    any                 next({args})                     raises mutates
exception_type(error)           any                 rt.exception_type({0})
exception_of(cls)               any                 {0}.__new__({0})                 raises
exception_or_none(cls)          any                 ({0}.__new__({0}) if isinstance({0}, type) else None)
exception_args(error)           any                 {0}.args
exception_name(error)           str                 rt.exception_type({0}).__name__
class_name(value)               str                 {0}.__name__                     raises
exception_attribute(error, name)   any              getattr({0}, {1})                raises
exception_object(error)         any                 rt.exception_object({0})
exception_from(error, cause)    any                 rt.exception_from({0}, {1})      fresh mutates
reversed(values)                list element        list(reversed({0}))              fresh
enumerate(values, start=0)      enumerated          list(enumerate({args}))          fresh
zip(*values)                    zipped              list(zip({args}))                fresh
list(values=())                 list element        list({args})                     fresh
tuple(values=())                as_tuple            tuple({args})
torch_size(sizes)               as_tuple            rt.size({0})
held_size(sizes)                list element        rt.size({0})
set(values=())                  set element         set({args})                      raises fresh
slice_indices(start, stop, step, length)   tuple int int int   slice({0}, {1}, {2}).indices({3})   raises
frozenset(values=())            frozenset element   frozenset({args})                raises
one_function(function)          same                rt.one_function({0})
default_dict(kind)              any                 rt.default_dict({0})             fresh
future()                        any                 rt.Future()                      fresh
future_set_result(self, value)  none                {0}.set_result({1})              raises mutates
future_set_exception(self, error)   none            {0}.set_exception({1})           raises mutates
future_wait(self)               waited              {0}.wait()                       raises
future_value(self)              waited              {0}.value()                      raises
future_done(self)               bool                {0}.done()
dict(items=())                  dict_of_pairs       dict({args})                     raises fresh
print(*values)                  none                rt.print({args})                 effect
warn(message, category="UserWarning", stacklevel=1)   none   rt.warn({args})         effect
log(logger, level, message, once)  none             rt.log({args})                   effect
column(rows, index)             column              [row[{1}] for row in {0}]        raises fresh
zip_rows(rows)                  zipped_rows         list(zip(*{0}))                  fresh
zip_strict(*values)             zipped              list(zip({args}, strict=True))   raises fresh
print_with(sep, end, *values)   none                rt.print({2:}, sep={0}, end={1})   effect
"""

RANGES = r"""
range_length(start, stop, step)                 int         len(range({0}, {1}, {2}))         raises
range_object(start, stop=None, step=None)       list int    rt.RangeObject({args})             raises fresh
iterator_object(values)         list element   rt.IteratorObject({0})    fresh
range_list(start, stop=None, step=None)         list int    list(range({args}))               raises fresh
"""
