-- money - amounts in cents, so that nothing is rounded by accident.
--
-- Cents are integers of the smallest unit, whatever the currency calls it. Where a number of decimals
-- can be said, 2 is what is meant without. The ways to round: "half-up" (away from zero when it is in
-- the middle, which is meant without), "half-even", "down" (towards zero).
local money = {}

local MODES = {["half-up"] = true, ["half-even"] = true, down = true}

-- Raises for the caller of the function that calls this.
local function fail(name, ...)
  error("money." .. name .. ": " .. string.format(...), 3)
end

local function shown(value)
  if type(value) == "string" then
    return '"' .. value:sub(1, 60) .. '"'
  end
  return type(value) == "number" and tostring(value) or "a " .. type(value)
end

-- A float as a decimal text: the shortest that reads back as the same, without an exponent.
local function plain(value)
  local text
  for digits = 15, 17 do
    text = string.format("%." .. digits .. "g", value)
    if tonumber(text) == value then
      break
    end
  end
  local sign, whole, fraction, exponent = text:match("^(%-?)(%d+)%.?(%d*)e([+-]%d+)$")
  if not sign then
    return text
  end
  exponent = math.tointeger(exponent)
  if exponent < 0 then
    return sign .. "0." .. ("0"):rep(-exponent - 1) .. whole .. fraction
  end
  return sign .. whole .. fraction .. ("0"):rep(exponent - #fraction)
end

-- Sign, digits before and behind the point of a decimal text or number; nil when it is none.
local function decimal(amount)
  if math.type(amount) == "float" then
    if amount ~= amount or amount == math.huge or amount == -math.huge then
      return nil
    end
    amount = plain(amount)
  elseif math.type(amount) == "integer" then
    amount = tostring(amount)
  elseif type(amount) ~= "string" then
    return nil
  end
  local sign, whole, rest = amount:match("^([+-]?)(%d+)(.*)$")
  local fraction = rest == "" and "" or rest and rest:match("^%.(%d+)$")
  if not fraction then
    return nil
  end
  return sign == "-" and "-" or "", whole, fraction
end

-- 1 when what is cut off makes the last digit that stays one larger, else 0.
local function carry(kept, cut, mode)
  if mode == "down" or cut == "" then
    return 0
  end
  local first = cut:byte() - 48
  if first ~= 5 or mode == "half-up" then
    return first >= 5 and 1 or 0
  end
  if cut:find("[1-9]", 2) then
    return 1
  end
  return (kept:byte(-1) or 48) % 2
end

-- A text of digits and one.
local function plus_one(digits)
  local head, nines = digits:match("^(.-)(9*)$")
  local zeros = ("0"):rep(#nines)
  if head == "" then
    return "1" .. zeros
  end
  return head:sub(1, -2) .. string.char(head:byte(-1) + 1) .. zeros
end

-- The digits of a decimal with so many decimals, without the point.
local function rounded(whole, fraction, decimals, mode)
  local kept = whole .. fraction:sub(1, decimals)
  local cut = fraction:sub(decimals + 1)
  if carry(kept, cut, mode) == 1 then
    kept = plus_one(kept)
  end
  if #fraction < decimals then
    kept = kept .. ("0"):rep(decimals - #fraction)
  end
  return (kept:gsub("^0+", ""))
end

local function check_decimals(name, decimals)
  if math.type(decimals) ~= "integer" or decimals < 0 or decimals > 18 then
    error("money." .. name .. ": " .. shown(decimals) .. " is no number of decimals between 0 and 18", 3)
  end
end

local function check_mode(name, mode)
  if not MODES[mode] then
    error("money." .. name .. ": " .. shown(mode) .. ' is no way to round; "half-up", "half-even", "down" are', 3)
  end
end

local function check_cents(name, cents)
  local whole = math.type(cents) and math.tointeger(cents)
  if not whole then
    error("money." .. name .. ": " .. shown(cents) .. " is no whole number of cents", 3)
  end
  return whole
end

-- Digits with a point before the last so many.
local function pointed(digits, decimals, point)
  digits = ("0"):rep(decimals + 1 - #digits) .. digits
  if decimals == 0 then
    return digits, ""
  end
  return digits:sub(1, -decimals - 1), point .. digits:sub(-decimals)
end

-- "12.34", "12" or 12.34 to 1234; nil for anything else.
-- money.cents("-12.3") --> -1230
function money.cents(amount)
  if math.type(amount) == "integer" then
    return amount * 100
  end
  if type(amount) == "number" then
    return math.floor(amount * 100 + 0.5)
  end
  local sign, whole, fraction = tostring(amount):match("^([+-]?)(%d+)%.?(%d?%d?)$")
  if not whole then
    return nil
  end
  local cents = tonumber(whole) * 100 + tonumber((fraction .. "00"):sub(1, 2))
  return sign == "-" and -cents or cents
end

-- 1234 to "12.34".
-- money.text(-5) --> "-0.05"
function money.text(cents)
  local size = math.abs(cents)
  return string.format("%s%d.%02d", cents < 0 and "-" or "", size // 100, size % 100)
end

-- Cents of a text with a sign and separators of thousands (",", "'", "_" or a space); raises for what
-- is none, or has more decimals.
-- money.parse("-1,234.5") --> -123450
-- money.parse("1'500", 0) --> 1500
function money.parse(text, decimals)
  decimals = decimals or 2
  check_decimals("parse", decimals)
  local plainer = text
  if type(text) == "string" then
    local sign, first, separator, rest = text:match("^%s*([+-]?)(%d%d?%d?)([,'_ ])(%d%d%d.-)%s*$")
    if sign then
      local groups, fraction = rest:match("^([%d,'_ ]+)(.*)$")
      local joined = (separator .. groups):gsub(separator .. "(%d%d%d)", "%1")
      plainer = sign .. first .. joined .. fraction
      if #joined * 4 ~= (#groups + 1) * 3 then
        plainer = nil
      end
    else
      plainer = text:match("^%s*(.-)%s*$")
    end
  end
  local minus, whole, fraction = decimal(plainer)
  if not minus then
    fail("parse", "%s is no amount", shown(text))
  elseif fraction:find("[1-9]", decimals + 1) then
    fail("parse", "%s has more than %d decimals", shown(text), decimals)
  end
  local digits = rounded(whole, fraction, decimals, "down")
  local cents = math.tointeger(tonumber(minus .. (digits == "" and "0" or digits)))
  if #digits > 19 or not cents or tostring(cents) ~= (digits == "" and "0" or minus .. digits) then
    fail("parse", "%s is too large", shown(text))
  end
  return cents
end

-- Cents as a text with separators of thousands; options: decimals (2), thousands (","), point (".").
-- money.format(-123456789) --> "-1,234,567.89"
-- money.format(150000, {thousands = ".", point = ","}) --> "1.500,00"
function money.format(cents, options)
  local size = check_cents("format", cents)
  options = options or {}
  local decimals = options.decimals or 2
  check_decimals("format", decimals)
  local whole, fraction = pointed(tostring(size):gsub("^-", ""), decimals, options.point or ".")
  local groups = {}
  for last = #whole, 1, -3 do
    table.insert(groups, 1, whole:sub(last > 2 and last - 2 or 1, last))
  end
  return (size < 0 and "-" or "") .. table.concat(groups, options.thousands or ",") .. fraction
end

-- A decimal text or number rounded to so many decimals, as a decimal text.
-- money.round("2.345", 2) --> "2.35"
-- money.round("2.345", 2, "half-even") --> "2.34"
-- money.round(-1.999, 1, "down") --> "-1.9"
function money.round(amount, decimals, mode)
  decimals, mode = decimals or 2, mode or "half-up"
  check_decimals("round", decimals)
  check_mode("round", mode)
  local minus, whole, fraction = decimal(amount)
  if not minus then
    fail("round", "%s is no decimal number", shown(amount))
  end
  local digits = rounded(whole, fraction, decimals, mode)
  local before, behind = pointed(digits, decimals, ".")
  return (digits ~= "" and minus or "") .. before .. behind
end

-- cents * numerator / denominator, rounded; nil when that is too large. Both are positive.
local function scaled(cents, numerator, denominator, mode)
  local size = math.abs(cents)
  if size < 0 or (numerator > 0 and size > math.maxinteger // numerator) then
    return nil
  end
  local whole, left = size * numerator // denominator, size * numerator % denominator
  local middle = left - (denominator - left)
  if mode ~= "down" and (middle > 0 or (middle == 0 and (mode == "half-up" or whole % 2 == 1))) then
    whole = whole + 1
  end
  return cents < 0 and -whole or whole
end

local function multiply(name, cents, factor, mode, shift)
  cents, mode = check_cents(name, cents), mode or "half-up"
  check_mode(name, mode)
  local minus, whole, fraction = decimal(factor)
  if not minus then
    error("money." .. name .. ": " .. shown(factor) .. " is no decimal number", 3)
  end
  fraction = fraction:gsub("0+$", "")
  local digits = (whole .. fraction):gsub("^0+", "")
  local power = #fraction + shift
  local numerator = math.tointeger(digits == "" and 0 or tonumber(digits))
  local result = numerator and power <= 18 and #digits <= 18 and
    scaled(cents, numerator, math.tointeger(10 ^ power), mode)
  if not result then
    error("money." .. name .. ": the numbers are too large", 3)
  end
  return minus == "-" and -result or result
end

-- Cents times a decimal number, rounded to whole cents.
-- money.times(1999, "1.19") --> 2379
function money.times(cents, factor, mode)
  local product = multiply("times", cents, factor, mode, 0)
  return product
end

-- So many percent of the cents, rounded to whole cents.
-- money.percent(10050, "7.7") --> 774
-- money.percent(50, 1, "half-even") --> 0
function money.percent(cents, percent, mode)
  local part = multiply("percent", cents, percent, mode, 2)
  return part
end

local function weights_of(ways)
  local weights, sum = {}, 0
  if math.type(ways) == "integer" and ways >= 1 and ways <= 100000 then
    for i = 1, ways do
      weights[i] = 1
    end
    return weights, ways
  elseif type(ways) ~= "table" or #ways == 0 then
    error("money.split: " .. shown(ways) .. " is neither a number of shares nor a list of weights", 3)
  end
  for i = 1, #ways do
    local weight = math.type(ways[i]) and math.tointeger(ways[i])
    if not weight or weight < 0 or weight > 1000000000 then
      error("money.split: the weight " .. shown(ways[i]) .. " is no whole number between 0 and 1000000000", 3)
    end
    weights[i], sum = weight, sum + weight
  end
  if sum == 0 then
    error("money.split: all weights are 0", 3)
  end
  return weights, sum
end

-- Shares of the cents, as many as ways or by a list of weights, that add up to them: a cent that is
-- left goes to the share that lost most, the first of several.
-- money.split(1000, 3) --> {334, 333, 333}
-- money.split(1000, {1, 1, 2}) --> {250, 250, 500}
function money.split(cents, ways)
  cents = check_cents("split", cents)
  local weights, sum = weights_of(ways)
  local size, shares, lost, given = math.abs(cents), pawl.array(), {}, 0
  for i, weight in ipairs(weights) do
    if size < 0 or (weight > 0 and size > math.maxinteger // weight) then
      fail("split", "the numbers are too large")
    end
    shares[i], given = size * weight // sum, given + size * weight // sum
    lost[i] = {i = i, left = size * weight % sum}
  end
  table.sort(lost, function(a, b) return a.left > b.left end)
  for i = 1, size - given do
    shares[lost[i].i] = shares[lost[i].i] + 1
  end
  for i = 1, cents < 0 and #shares or 0 do
    shares[i] = -shares[i]
  end
  return shares
end

return money
