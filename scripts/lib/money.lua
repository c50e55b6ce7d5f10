-- money - amounts in cents, so that nothing is rounded by accident.
local money = {}

-- "12.34", "12" or 12.34 to 1234; nil for anything else.
function money.cents(amount)
  if math.type(amount) == "integer" then
    return amount * 100
  end
  if type(amount) == "number" then
    return math.floor(amount * 100 + 0.5)
  end
  local whole, fraction = tostring(amount):match("^(%d+)%.?(%d?%d?)$")
  if not whole then
    return nil
  end
  return tonumber(whole) * 100 + tonumber((fraction .. "00"):sub(1, 2))
end

-- 1234 to "12.34"
function money.text(cents)
  return string.format("%d.%02d", cents // 100, cents % 100)
end

return money
