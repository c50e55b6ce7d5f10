-- text - what is done to texts every day, without patterns to get wrong.
--
-- Lengths and widths count characters (code points of UTF-8), not bytes. Upper and lower case is
-- that of the letters A to Z; others stay as they are.
local text = {}

-- Raises for the caller of the function that calls this.
local function fail(name, ...)
  error("text." .. name .. ": " .. string.format(...), 3)
end

-- The value as a text: numbers are allowed, nothing else.
local function take(name, value)
  if type(value) == "string" then
    return value
  elseif type(value) == "number" then
    return tostring(value)
  end
  error("text." .. name .. ": a " .. type(value) .. " is no text", 3)
end

local function characters(name, s)
  local n = utf8.len(s)
  if not n then
    error("text." .. name .. ": the text is not valid UTF-8", 3)
  end
  return n
end

local function check_count(name, n)
  local count = math.type(n) and math.tointeger(n)
  if not count or count < 0 then
    error("text." .. name .. ": " .. (math.type(n) and tostring(n) or "a " .. type(n)) ..
          " is no number of characters", 3)
  end
  return count
end

-- Without the blanks at both ends.
-- text.trim("  a b \n") --> "a b"
function text.trim(s)
  s = take("trim", s)
  local first = s:find("%S")
  if not first then
    return ""
  end
  local last = #s
  while s:find("^%s", last) do
    last = last - 1
  end
  return s:sub(first, last)
end

-- The number of characters.
-- text.length("né") --> 2
function text.length(s)
  s = take("length", s)
  return characters("length", s)
end

-- The characters from the first to the last; negative ones count from the end.
-- text.sub("Zürich", 2, 3) --> "ür"
-- text.sub("Zürich", -3) --> "ich"
function text.sub(s, first, last)
  s = take("sub", s)
  local n = characters("sub", s)
  if not math.tointeger(first) or (last ~= nil and not math.tointeger(last)) then
    fail("sub", "the first and the last character must be whole numbers")
  end
  first, last = math.tointeger(first), math.tointeger(last or -1)
  first = first < 0 and math.max(n + first + 1, 1) or math.max(first, 1)
  last = last < 0 and n + last + 1 or math.min(last, n)
  if first > last then
    return ""
  end
  return s:sub(utf8.offset(s, first), utf8.offset(s, last + 1) - 1)
end

-- What stands between the separators, the first so many of them: an array of texts.
local function pieces(s, separator, cuts)
  local parts, at, n = pawl.array(), 1, 0
  while n < cuts do
    local first, last = s:find(separator, at, true)
    if not first then
      break
    end
    n = n + 1
    parts[n] = s:sub(at, first - 1)
    at = last + 1
  end
  parts[n + 1] = s:sub(at)
  return parts
end

-- The parts between a separator, which is taken as it is; at most so many parts, the last of which
-- has the rest.
-- text.split("a,b,,c", ",") --> {"a", "b", "", "c"}
-- text.split("key=a=b", "=", 2) --> {"key", "a=b"}
function text.split(s, separator, max)
  s, separator = take("split", s), take("split", separator)
  if separator == "" then
    fail("split", "the separator is empty")
  end
  max = max == nil and math.maxinteger or check_count("split", max)
  return pieces(s, separator, max - 1)
end

-- The elements of a list (texts, numbers, booleans) as one text.
-- text.join({"a", 1, true}, "-") --> "a-1-true"
function text.join(list, separator)
  local parts = {}
  if type(list) ~= "table" then
    fail("join", "a %s is no list", type(list))
  end
  for i = 1, #list do
    local v = list[i]
    if type(v) ~= "string" and type(v) ~= "number" and type(v) ~= "boolean" then
      fail("join", "element %d is a %s", i, type(v))
    end
    parts[i] = tostring(v)
  end
  return table.concat(parts, separator and take("join", separator) or "")
end

-- Its lines, whether they end in "\n" or "\r\n"; no empty one behind the last end.
-- text.lines("a\r\nb\n") --> {"a", "b"}
function text.lines(s)
  s = take("lines", s)
  local lines, at = pawl.array(), 1
  while at <= #s do
    local stop = s:find("\n", at, true) or #s + 1
    local last = s:byte(stop - 1) == 13 and stop > at and stop <= #s and stop - 2 or stop - 1
    lines[#lines + 1] = s:sub(at, last)
    at = stop + 1
  end
  return lines
end

-- Does it begin with the prefix?
-- text.starts_with("order-7", "order-") --> true
function text.starts_with(s, prefix)
  s, prefix = take("starts_with", s), take("starts_with", prefix)
  return s:sub(1, #prefix) == prefix
end

-- Does it end with the suffix?
-- text.ends_with("photo.png", ".png") --> true
function text.ends_with(s, suffix)
  s, suffix = take("ends_with", s), take("ends_with", suffix)
  return suffix == "" or s:sub(-#suffix) == suffix
end

-- Is the part in it, as it is?
-- text.contains("a.b", ".") --> true
function text.contains(s, part)
  s, part = take("contains", s), take("contains", part)
  return s:find(part, 1, true) ~= nil
end

-- Every old part becomes the new one, or the first so many; nothing in them is special.
-- text.replace("1.5.0", ".", "-") --> "1-5-0"
-- text.replace("a a a", "a", "b", 2) --> "b b a"
function text.replace(s, old, new, max)
  s, old, new = take("replace", s), take("replace", old), take("replace", new)
  if old == "" then
    fail("replace", "there is nothing to replace")
  end
  max = max == nil and math.maxinteger or check_count("replace", max)
  return table.concat(pieces(s, old, max), new)
end

local function padding(name, s, width, fill)
  fill = fill == nil and " " or take(name, fill)
  local missing = check_count(name, width) - characters(name, s)
  local size = characters(name, fill)
  if missing <= 0 or size == 0 then
    return ""
  end
  local all = fill:rep((missing + size - 1) // size)
  return all:sub(1, utf8.offset(all, missing + 1) - 1)
end

-- Filled up in front to so many characters.
-- text.pad_start(7, 3, "0") --> "007"
function text.pad_start(s, width, fill)
  s = take("pad_start", s)
  return padding("pad_start", s, width, fill) .. s
end

-- Filled up behind.
-- text.pad_end("ab", 5, ".") --> "ab..."
function text.pad_end(s, width, fill)
  s = take("pad_end", s)
  return s .. padding("pad_end", s, width, fill)
end

-- Every word with a large first letter and small ones behind it.
-- text.title("the LAST unicorn") --> "The Last Unicorn"
function text.title(s)
  s = take("title", s)
  return (s:gsub("[%w\128-\255'][%w\128-\255']*", function(word)
    return word:sub(1, 1):upper() .. word:sub(2):lower()
  end))
end

-- At most so many characters; the ellipsis ("…") stands for what was cut off, and counts.
-- text.truncate("a long sentence", 7) --> "a long…"
-- text.truncate("a long sentence", 9, "...") --> "a long..."
function text.truncate(s, width, ellipsis)
  s = take("truncate", s)
  ellipsis = ellipsis == nil and "…" or take("truncate", ellipsis)
  width = check_count("truncate", width)
  if characters("truncate", s) <= width then
    return s
  end
  local room = width - characters("truncate", ellipsis)
  if room < 0 then
    return ellipsis:sub(1, utf8.offset(ellipsis, width + 1) - 1)
  end
  return s:sub(1, utf8.offset(s, room + 1) - 1) .. ellipsis
end

-- Letters of Latin-1 and their neighbours by what they are written with in ASCII.
local ASCII = {}
for letters, ascii in pairs({
  ["àáâãäåÀÁÂÃÄÅāăą"] = "a", ["çÇćč"] = "c", ["ďđðÐ"] = "d", ["èéêëÈÉÊËēęě"] = "e",
  ["ğ"] = "g", ["ìíîïÌÍÎÏīıİ"] = "i", ["łŁ"] = "l", ["ñÑńň"] = "n", ["òóôõöøÒÓÔÕÖØōő"] = "o",
  ["řŘ"] = "r", ["śšşŠŚŞ"] = "s", ["ťţ"] = "t", ["ùúûüÙÚÛÜūůű"] = "u", ["ýÿÝ"] = "y",
  ["źżžŹŻŽ"] = "z", ["ß"] = "ss", ["æÆ"] = "ae", ["œŒ"] = "oe", ["þÞ"] = "th",
}) do
  for letter in letters:gmatch(utf8.charpattern) do
    ASCII[letter] = ascii
  end
end

-- Small letters, digits and "-" only, as it stands in addresses.
-- text.slug("  Crème brûlée, 2 × warm! ") --> "creme-brulee-2-warm"
function text.slug(s)
  s = take("slug", s)
  s = s:gsub("[\194-\197][\128-\191]", ASCII):lower()
  return (s:gsub("[^a-z0-9]+", "-"):gsub("^%-", ""):gsub("%-$", ""))
end

return text
