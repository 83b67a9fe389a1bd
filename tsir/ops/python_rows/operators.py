"""Rows of operators, subscripts and the attributes of objects."""

from __future__ import annotations

OPERATORS = r"""
add(a, b)                       concatenated        {0} + {1}
sub(a, b)                       difference          {0} - {1}
mul(a, b)                       repeated            {0} * {1}                        raises
truediv(a, b)                   quotient            {0} / {1}                        raises
floordiv(a, b)                  real                {0} // {1}                       raises
mod(a, b)                       real                {0} % {1}                        raises
pow(base, exp, mod=None)        power               pow({args})                      raises
neg(a)                          number              -{0}
pos(a)                          number              +{0}
invert(a)                       integer             ~{0}
bitand(a, b)                    bitwise             {0} & {1}
bitor(a, b)                     bitwise             {0} | {1}
bitxor(a, b)                    bitwise             {0} ^ {1}
lshift(a, b)                    integer             {0} << {1}                       raises
rshift(a, b)                    integer             {0} >> {1}                       raises
eq(a, b)                        bool                {0} == {1}
ne(a, b)                        bool                {0} != {1}
lt(a, b)                        ordered             {0} < {1}
le(a, b)                        ordered             {0} <= {1}
gt(a, b)                        ordered             {0} > {1}
ge(a, b)                        ordered             {0} >= {1}
is(a, b)                        bool                {0} is {1}
is_not(a, b)                    bool                {0} is not {1}
not(a)                          bool                not {0}
contains(container, item)       member              {1} in {0}
not_contains(container, item)   member              {1} not in {0}
percent(template, values)       str                 rt.percent({0}, {1})             raises
list_iadd(self, other)          same                {0}.__iadd__({1})                mutates
list_imul(self, times)          same                {0}.__imul__({1})                mutates
set_iand(self, other)           same                {0}.__iand__({1})                mutates
set_ior(self, other)            same                {0}.__ior__({1})                 mutates
set_isub(self, other)           same                {0}.__isub__({1})                mutates
set_ixor(self, other)           same                {0}.__ixor__({1})                mutates
dict_ior(self, other)           same                {0}.__ior__({1})                 mutates
"""

SUBSCRIPTS = r"""
getitem(container, index)                       item        {0}[{1}]                          raises
setitem(container, index, value)                none        {0}.__setitem__({1}, {2})         raises mutates
delitem(container, index)                       none        {0}.__delitem__({1})              raises mutates
getslice(container, start, stop, step=None)     section     {0}[slice({1:})]                  raises fresh
setslice(container, start, stop, step, value)   none        {0}.__setitem__(slice({1}, {2}, {3}), {4})   raises mutates
delslice(container, start, stop, step=None)     none        {0}.__delitem__(slice({1:}))      raises mutates
len(container)                                  length      len({0})
"""

OBJECTS = r"""
del_attribute(object, name)     none           rt.del_attribute({0}, {1})                      raises mutates
has_attribute(object, name)     bool           ({1} in {0}.attributes)     effect
set_unnamed(object, name, value)   none        {0}.attributes.__setitem__({1}, {2})            mutates
get_unnamed(object, name)       any            rt.attribute_of({0}, {1})                       raises
copy_object(value)              same           copy.copy({0})                                  raises fresh
deepcopy(value)                 same           copy.deepcopy({0})                              raises fresh
"""
