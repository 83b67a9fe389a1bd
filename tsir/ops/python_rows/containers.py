"""Rows of lists, tuples, dicts, sets, and of `collections`, `heapq` and `bisect`."""

from __future__ import annotations

from collections.abc import Iterator

CONTAINERS = r"""
list_append(self, item)                         none        {0}.append({1})              mutates
list_clear(self)                                none        {0}.clear()                  mutates
list_copy(self)                                 same        {0}.copy()                   fresh
list_count(self, value)                         int         {0}.count({1})
list_extend(self, values)                       none        {0}.extend({1})              mutates
list_index(self, value, start=0, stop=2**63)    int         {0}.index({1:})              raises
list_extend_any(self, values)                   none        {0}.extend({1})              raises mutates
list_insert(self, index, item)                  none        {0}.insert({1}, {2})         mutates
list_pop(self, index=-1)                        element     {0}.pop({1:})                raises mutates
list_remove(self, value)                        none        {0}.remove({1})              raises mutates
list_reverse(self)                              none        {0}.reverse()                mutates
list_sort(self, reverse=False)                  none        {0}.sort(reverse=bool({1:}))   raises mutates
tuple_count(self, value)                        int         {0}.count({1})
tuple_index(self, value, start=0, stop=2**63)   int         {0}.index({1:})              raises
dict_clear(self)                                none        {0}.clear()                  mutates
dict_copy(self)                                 same        {0}.copy()                   fresh
dict_fromkeys(keys, value=None)                 fromkeys    dict.fromkeys({args})        raises fresh
dict_get(self, key, default=None)               value_or_default   {0}.get({1:})
dict_items(self)                                list pair   list({0}.items())            fresh
keys_view(self)                                 list element   rt.View({0}, 'keys')        fresh
items_view(self)                                list pair      rt.View({0}, 'items')       fresh
values_view(self)                               list value     rt.View({0}, 'values')      fresh
dict_keys(self)                                 list element   list({0}.keys())          fresh
dict_pop(self, key, default=None)               popped      {0}.pop({1:})                raises mutates
dict_popitem(self)                              pair        {0}.popitem()                raises mutates
dict_setdefault(self, key, default=None)        value_or_default   {0}.setdefault({1:})   mutates
dict_update(self, other)                        none        {0}.update({1})              mutates
dict_move_to_end(self, key)                     none        {0}.__setitem__({1}, {0}.pop({1}))   raises mutates
dict_values(self)                               list value  list({0}.values())           fresh
set_add(self, item)                             none        {0}.add({1})                 raises mutates
set_clear(self)                                 none        {0}.clear()                  mutates
set_copy(self)                                  same        {0}.copy()                   fresh
set_difference(self, *others)                   same        {0}.difference({1:})         raises fresh
set_difference_update(self, *others)            none        {0}.difference_update({1:})  raises mutates
set_discard(self, item)                         none        {0}.discard({1})             raises mutates
set_intersection(self, *others)                 same        {0}.intersection({1:})       raises fresh
set_intersection_update(self, *others)          none        {0}.intersection_update({1:})   raises mutates
set_isdisjoint(self, other)                     bool        {0}.isdisjoint({1})          raises
set_issubset(self, other)                       bool        {0}.issubset({1})            raises
set_issuperset(self, other)                     bool        {0}.issuperset({1})          raises
set_pop(self)                                   element     {0}.pop()                    raises mutates
set_remove(self, item)                          none        {0}.remove({1})              raises mutates
set_symmetric_difference(self, other)           same        {0}.symmetric_difference({1})   raises fresh
set_symmetric_difference_update(self, other)    none        {0}.symmetric_difference_update({1})   raises mutates
set_union(self, *others)                        same        {0}.union({1:})              raises fresh
set_update(self, *others)                       none        {0}.update({1:})             raises mutates
"""

COLLECTIONS = r"""
counter(values=())                              counter_of  collections.Counter({args})  raises fresh
counter_elements(self)                          list element   list({0}.elements())      raises fresh
counter_most_common(self, n=None)               list pair   {0}.most_common({1:})        raises fresh
counter_total(self)                             total_of_values   {0}.total()            raises
counter_update(self, values=())                 none        {0}.update({1:})             raises mutates
counter_subtract(self, values=())               none        {0}.subtract({1:})           raises mutates
counter_copy(self)                              same        {0}.copy()                   fresh
default_item(container, key)                    value       {0}[{1}]                     raises mutates
ordered_dict(items=())                          ordered_dict_of   collections.OrderedDict({args})   raises fresh
ordereddict_move_to_end(self, key, last=True)   none        {0}.move_to_end({1:})        raises mutates
ordereddict_popitem(self, last=True)            pair        {0}.popitem({1:})            raises mutates
deque(values=(), maxlen=None)                   deque element   collections.deque({args})   raises fresh
deque_append(self, item)                        none        {0}.append({1})              mutates
deque_appendleft(self, item)                    none        {0}.appendleft({1})          mutates
deque_clear(self)                               none        {0}.clear()                  mutates
deque_copy(self)                                same        {0}.copy()                   fresh
deque_count(self, value)                        int         {0}.count({1})
deque_extend(self, values)                      none        {0}.extend({1})              raises mutates
deque_extendleft(self, values)                  none        {0}.extendleft({1})          raises mutates
deque_index(self, value, start=0, stop=2**63)   int         {0}.index({1:})              raises
deque_insert(self, index, item)                 none        {0}.insert({1}, {2})         raises mutates
deque_pop(self)                                 element     {0}.pop()                    raises mutates
deque_popleft(self)                             element     {0}.popleft()                raises mutates
deque_remove(self, value)                       none        {0}.remove({1})              raises mutates
deque_reverse(self)                             none        {0}.reverse()                mutates
deque_rotate(self, n=1)                         none        {0}.rotate({1:})             mutates
deque_get_maxlen(self)                          optional int   {0}.maxlen
heapq_heappush(heap, item)                      none        heapq.heappush({0}, {1})     raises mutates
heapq_heappop(heap)                             element     heapq.heappop({0})           raises mutates
heapq_heappushpop(heap, item)                   element     heapq.heappushpop({0}, {1})  raises mutates
heapq_heapreplace(heap, item)                   element     heapq.heapreplace({0}, {1})  raises mutates
heapq_heapify(heap)                             none        heapq.heapify({0})           raises mutates
heapq_nlargest(n, values)                       list second_element   heapq.nlargest({0}, {1})   raises fresh
heapq_nsmallest(n, values)                      list second_element   heapq.nsmallest({0}, {1})   raises fresh
heapq_merge(*values)                            list element   list(heapq.merge({args}))   raises fresh
bisect_insort_left(values, item, lo=0, hi=None)    none     bisect.insort_left({args})   raises mutates
bisect_insort_right(values, item, lo=0, hi=None)   none     bisect.insort_right({args})   raises mutates
"""
"""What `collections`, `heapq` and `bisect` have."""

_FROZENSET = "copy difference intersection isdisjoint issubset issuperset symmetric_difference union"
"""The methods of frozenset, which are those of set that change nothing."""


def frozenset_rows() -> Iterator[str]:
    """The rows of the methods of frozenset."""
    for row in CONTAINERS.splitlines():
        if row.startswith("set_") and row[4:].partition("(")[0] in _FROZENSET.split():
            yield f"frozen{row}".replace("raises fresh", "raises").replace("  fresh", "")
