-- list - lists of a document or of Lua, turned into new ones; what was given is never changed.
--
-- Where a function is asked for, the name of a member does as well: list.map(items, "price"). It is
-- called with an element and its place. What comes out is a list even when it is empty.
local list = {}

-- Raises for the caller of the function that calls this.
local function fail(name, ...)
  error("list." .. name .. ": " .. string.format(...), 3)
end

-- The number of elements; raises for what is no list.
local function length(name, values)
  if type(values) ~= "table" then
    error("list." .. name .. ": a " .. type(values) .. " is no list", 3)
  end
  local n = #values
  if n == 0 and next(values) ~= nil then
    error("list." .. name .. ": an object is no list", 3)
  end
  return n
end

-- A function from a function or the name of a member; identity when there is none and that is allowed.
local function getter(name, f, optional)
  if type(f) == "function" then
    return f
  elseif type(f) == "string" then
    return function(element)
      if type(element) ~= "table" then
        error("list." .. name .. ": a " .. type(element) .. " has no member " .. f, 0)
      end
      return element[f]
    end
  elseif f == nil and optional then
    return function(element) return element end
  end
  error("list." .. name .. ": a " .. type(f) .. " is neither a function nor the name of a member", 3)
end

-- A member's name for any key.
local function name_of(name, key, i)
  local kind = type(key)
  if kind == "string" then
    return key
  elseif kind == "number" or kind == "boolean" or kind == "null" then
    return tostring(key)
  end
  error("list." .. name .. ": the key of element " .. i .. " is a " .. kind, 3)
end

-- What the function makes of each element.
-- list.map({1, 2}, function(n) return n * 10 end) --> {10, 20}
-- list.map({{id = "a"}, {id = "b"}}, "id") --> {"a", "b"}
function list.map(values, f)
  local n, out = length("map", values), pawl.array()
  f = getter("map", f)
  for i = 1, n do
    local value = f(values[i], i)
    if value == nil then
      fail("map", "element %d became nil; use pawl.null", i)
    end
    out[i] = value
  end
  return out
end

-- The elements that the function says true of.
-- list.filter({1, 2, 3, 4}, function(n) return n % 2 == 0 end) --> {2, 4}
-- list.filter({{ok = false}}, "ok") --> pawl.array()
function list.filter(values, f)
  local n, out = length("filter", values), pawl.array()
  f = getter("filter", f)
  for i = 1, n do
    local value = values[i]
    if f(value, i) then
      out[#out + 1] = value
    end
  end
  return out
end

-- All elements taken together: function(so far, element, place), beginning with start, or with the
-- first element when there is none.
-- list.reduce({1, 2, 3}, function(sum, n) return sum + n end, 0) --> 6
function list.reduce(values, f, start)
  local n, first = length("reduce", values), 1
  if type(f) ~= "function" then
    fail("reduce", "a %s is no function", type(f))
  end
  if start == nil then
    if n == 0 then
      fail("reduce", "an empty list needs a value to start with")
    end
    start, first = values[1], 2
  end
  for i = first, n do
    start = f(start, values[i], i)
  end
  return start
end

-- The first element that the function says true of, and its place; pawl.null when there is none.
-- list.find({{id = 1}, {id = 2, n = "b"}}, function(v) return v.id == 2 end).n --> "b"
function list.find(values, f)
  local n = length("find", values)
  f = getter("find", f)
  for i = 1, n do
    local value = values[i]
    if f(value, i) then
      return value, i
    end
  end
  return pawl.null
end

-- Does the function say true of one element?
-- list.any({1, 5}, function(n) return n > 4 end) --> true
function list.any(values, f)
  local n = length("any", values)
  f = getter("any", f)
  for i = 1, n do
    if f(values[i], i) then
      return true
    end
  end
  return false
end

-- Does it of all?
-- list.all({1, 5}, function(n) return n > 4 end) --> false
function list.all(values, f)
  local n = length("all", values)
  f = getter("all", f)
  for i = 1, n do
    if not f(values[i], i) then
      return false
    end
  end
  return true
end

-- Of how many?
-- list.count({1, 5, 6}, function(n) return n > 4 end) --> 2
function list.count(values, f)
  local n, count = length("count", values), 0
  f = getter("count", f)
  for i = 1, n do
    if f(values[i], i) then
      count = count + 1
    end
  end
  return count
end

-- Is the value (a text, number, boolean or null) an element?
-- list.contains({"a", "b"}, "b") --> true
function list.contains(values, value)
  for i = 1, length("contains", values) do
    if values[i] == value then
      return true
    end
  end
  return false
end

-- The sum of numbers.
-- list.sum({{price = 2}, {price = 3}}, "price") --> 5
function list.sum(values, f)
  local n, sum = length("sum", values), 0
  f = getter("sum", f, true)
  for i = 1, n do
    local value = f(values[i], i)
    if not math.type(value) then
      fail("sum", "element %d is a %s, not a number", i, type(value))
    end
    sum = sum + value
  end
  return sum
end

-- An object with a list for each key.
-- list.group_by({{k = "a", n = 1}, {k = "b", n = 2}, {k = "a", n = 3}}, "k").a --> {{k = "a", n = 1}, {k = "a", n = 3}}
function list.group_by(values, f)
  local n, groups = length("group_by", values), pawl.object()
  f = getter("group_by", f)
  for i = 1, n do
    local value = values[i]
    local key = name_of("group_by", f(value, i), i)
    local group = groups[key]
    if not group then
      group = pawl.array()
      groups[key] = group
    end
    group[#group + 1] = value
  end
  return groups
end

-- An object with the element of each key, the last of several.
-- list.index_by({{id = "a", n = 1}, {id = "b", n = 2}}, "id").b.n --> 2
function list.index_by(values, f)
  local n, index = length("index_by", values), pawl.object()
  f = getter("index_by", f)
  for i = 1, n do
    local value = values[i]
    index[name_of("index_by", f(value, i), i)] = value
  end
  return index
end

-- Sorted by a key, all of them numbers or all of them texts; equal ones stay in their order.
-- list.sort_by({{n = 2}, {n = 1}}, "n") --> {{n = 1}, {n = 2}}
-- list.sort_by({"b", "a", "c"}, nil, "descending") --> {"c", "b", "a"}
function list.sort_by(values, f, order)
  local n, out = length("sort_by", values), pawl.array()
  f = getter("sort_by", f, true)
  if order ~= nil and order ~= "ascending" and order ~= "descending" then
    fail("sort_by", 'the order is neither "ascending" nor "descending"')
  end
  -- The keys are sorted, each once; a comparison of Lua's own is much faster than a function.
  local keys, of_key, kind = {}, {}, nil
  for i = 1, n do
    local value = values[i]
    local key = f(value, i)
    kind = kind or type(key)
    if kind ~= "number" and kind ~= "string" or type(key) ~= kind or key ~= key then
      fail("sort_by", "the key of element %d is %s; all must be numbers, or all texts", i,
           key ~= key and "NaN" or "a " .. type(key))
    end
    local same = of_key[key]
    if same then
      same[#same + 1] = value
    else
      keys[#keys + 1] = key
      of_key[key] = {value}
    end
  end
  table.sort(keys)
  local first, last, step = 1, #keys, 1
  if order == "descending" then
    first, last, step = last, first, -1
  end
  for k = first, last, step do
    for _, value in ipairs(of_key[keys[k]]) do
      out[#out + 1] = value
    end
  end
  return out
end

-- Without those whose key was there before.
-- list.unique({3, 1, 3, 2, 1}) --> {3, 1, 2}
function list.unique(values, f)
  local n, out, seen = length("unique", values), pawl.array(), {}
  f = getter("unique", f, true)
  for i = 1, n do
    local value = values[i]
    local key = f(value, i)
    if key == nil or key ~= key then
      fail("unique", "the key of element %d is %s", i, key == nil and "nil" or "NaN")
    end
    if not seen[key] then
      seen[key] = true
      out[#out + 1] = value
    end
  end
  return out
end

-- Lists of so many elements each; the last may have fewer.
-- list.chunk({1, 2, 3, 4, 5}, 2) --> {{1, 2}, {3, 4}, {5}}
function list.chunk(values, size)
  local n, out = length("chunk", values), pawl.array()
  if math.type(size) ~= "integer" or size < 1 then
    fail("chunk", "the size must be an integer of at least 1")
  end
  for i = 1, n do
    if (i - 1) % size == 0 then
      out[#out + 1] = pawl.array()
    end
    local chunk = out[#out]
    chunk[#chunk + 1] = values[i]
  end
  return out
end

local function flatten(values, depth, out)
  for i = 1, #values do
    local value = values[i]
    if depth > 0 and pawl.is_array(value) then
      flatten(value, depth - 1, out)
    else
      out[#out + 1] = value
    end
  end
  return out
end

-- The elements of the lists in a list, one level deep or so many.
-- list.flatten({{1, 2}, pawl.array(), {3, {4}}}) --> {1, 2, 3, {4}}
-- list.flatten({{1, {2, {3}}}}, 2) --> {1, 2, {3}}
function list.flatten(values, depth)
  length("flatten", values)
  if depth ~= nil and (math.type(depth) ~= "integer" or depth < 0) then
    fail("flatten", "the depth must be an integer that is not negative")
  end
  return flatten(values, depth or 1, pawl.array())
end

-- All the lists behind each other.
-- list.concat({1}, {}, {2, 3}) --> {1, 2, 3}
function list.concat(...)
  local out, lists = pawl.array(), table.pack(...)
  for k = 1, lists.n do
    for i = 1, length("concat", lists[k]) do
      out[#out + 1] = lists[k][i]
    end
  end
  return out
end

-- The elements from the first to the last; negative ones count from the end.
-- list.slice({"a", "b", "c", "d"}, 2, -2) --> {"b", "c"}
function list.slice(values, first, last)
  local n, out = length("slice", values), pawl.array()
  if math.type(first) ~= "integer" or (last ~= nil and math.type(last) ~= "integer") then
    fail("slice", "the first and the last place must be integers")
  end
  last = last or -1
  first = first < 0 and math.max(n + first + 1, 1) or math.max(first, 1)
  last = last < 0 and n + last + 1 or math.min(last, n)
  for i = first, last do
    out[#out + 1] = values[i]
  end
  return out
end

-- From the last to the first.
-- list.reverse({1, 2, 3}) --> {3, 2, 1}
function list.reverse(values)
  local n, out = length("reverse", values), pawl.array()
  for i = 1, n do
    out[n + 1 - i] = values[i]
  end
  return out
end

-- The names of the members of an object, in the order of pairs.
-- list.keys({b = 1, a = 2}) --> {"a", "b"}
function list.keys(object)
  local out = pawl.array()
  if type(object) ~= "table" then
    fail("keys", "a %s is no object", type(object))
  end
  for key in pairs(object) do
    out[#out + 1] = key
  end
  return out
end

-- Their values, in the same order.
-- list.values({b = 1, a = 2}) --> {2, 1}
function list.values(object)
  local out = pawl.array()
  if type(object) ~= "table" then
    fail("values", "a %s is no object", type(object))
  end
  for _, value in pairs(object) do
    out[#out + 1] = value
  end
  return out
end

return list
