-- dates - points in time: RFC 3339 texts, the calendar behind them, and counting in it.
--
-- A time is an RFC 3339 text or an integer of milliseconds since 1970-01-01T00:00:00Z. Functions that
-- give a time back give the kind they were given; a text keeps its offset, and days, months and
-- weeks are those of its offset (of UTC when it is milliseconds). The calendar is the Gregorian one
-- for all years. There is no "now" here: states.context has the times of the execution.
local dates = {}

local DAY = 86400000
local MONTHS = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
local WEEKDAYS = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
local UNITS = {millisecond = 1, second = 1000, minute = 60000, hour = 3600000, day = DAY,
               week = 7 * DAY, business_day = false, month = false, quarter = false, year = false}
local FIRST, LAST = -62167219200000, 253402300799999    -- 0000-01-01 to the end of 9999

-- Raises for the caller of the function that calls this.
local function fail(name, ...)
  error("dates." .. name .. ": " .. string.format(...), 3)
end

local function shown(value)
  if type(value) == "string" then
    return '"' .. value:sub(1, 60) .. '"'
  end
  return type(value) == "number" and tostring(value) or "a " .. type(value)
end

-- --- the calendar -------------------------------------------------------------------

-- Does the year have a 29th of February?
-- dates.is_leap(2024) --> true
function dates.is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

-- The number of days of a month.
-- dates.days_in_month(2024, 2) --> 29
function dates.days_in_month(year, month)
  if not MONTHS[month] then
    fail("days_in_month", "%s is no month", shown(month))
  end
  return month == 2 and dates.is_leap(year) and 29 or MONTHS[month]
end

-- Days since 1970-01-01. Years begin in March here, so that the leap day is the last.
local function days_of(year, month, day)
  if month <= 2 then
    year = year - 1
  end
  local era = year // 400
  local in_era = year - era * 400
  local in_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return era * 146097 + in_era * 365 + in_era // 4 - in_era // 100 + in_year - 719468
end

local function civil_of(days)
  days = days + 719468
  local era = days // 146097
  local in_era = days - era * 146097
  local year = (in_era - in_era // 1460 + in_era // 36524 - in_era // 146096) // 365
  local in_year = in_era - (365 * year + year // 4 - year // 100)
  local m = (5 * in_year + 2) // 153
  local month = m < 10 and m + 3 or m - 9
  return year + era * 400 + (month <= 2 and 1 or 0), month, in_year - (153 * m + 2) // 5 + 1
end

-- 1 = Monday. 1970-01-01 was a Thursday.
local function weekday_of(days)
  return (days + 3) % 7 + 1
end

-- The week that a day lies in, and that week's year: that of its Thursday.
local function week_of(days)
  local thursday = days - weekday_of(days) + 4
  local year = civil_of(thursday)
  return (thursday - days_of(year, 1, 1)) // 7 + 1, year
end

-- --- texts --------------------------------------------------------------------------

-- Minutes, and whether it is an offset at all.
local function offset_of(text)
  if text == "Z" or text == "z" then
    return 0, true
  end
  local sign, hours, minutes = text:match("^([+-])(%d%d):(%d%d)$")
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
    return 0, false
  end
  local offset = math.tointeger(hours) * 60 + math.tointeger(minutes)
  return sign == "-" and -offset or offset, true
end

-- Two digits, as bytes, as a number; 100 when they are none.
local function pair(a, b)
  if a < 48 or a > 57 or b < 48 or b > 57 then
    return 100
  end
  return a * 10 + b - 528
end

-- Milliseconds, and where the zone begins, of what stands behind the seconds; nil when that is nothing.
local function read_fraction(text)
  if text:byte(20) ~= 46 then
    return 0, 20
  end
  local _, last = text:find("^%d+", 21)
  if last then
    return math.tointeger((text:sub(21, last < 23 and last or 23) .. "00"):sub(1, 3)), last + 1
  end
end

-- Milliseconds, the offset in minutes and the digits of the fraction of a text; nil when it is none.
local function read(text)
  local y1, y2, y3, y4, d1, m1, m2, d2, a1, a2, t, h1, h2, c1, i1, i2, c2, s1, s2 = text:byte(1, 19)
  if not s2 or d1 ~= 45 or d2 ~= 45 or c1 ~= 58 or c2 ~= 58 or (t ~= 84 and t ~= 116 and t ~= 32) then
    return nil
  end
  local century, year, month, day = pair(y1, y2), pair(y3, y4), pair(m1, m2), pair(a1, a2)
  local hour, minute, second = pair(h1, h2), pair(i1, i2), pair(s1, s2)
  if century > 99 or year > 99 or month < 1 or month > 12 or hour > 23 or minute > 59 or second > 60 then
    return nil
  end
  year = century * 100 + year
  local ms, at = read_fraction(text)
  if not ms or day < 1 or (day > 28 and day > dates.days_in_month(year, month)) then
    return nil
  end
  local offset, valid = 0, true
  if text:byte(at) ~= 90 or #text ~= at then
    offset, valid = offset_of(text:sub(at))
  end
  if valid then
    return days_of(year, month, day) * DAY + ((hour * 60 + minute - offset) * 60 + second) * 1000 + ms,
      offset, at > 20 and 3 or 0
  end
end

local function write(name, ms, offset, digits)
  local here = ms + offset * 60000
  if here < FIRST or here > LAST then
    fail(name, "the year of the result does not lie between 0000 and 9999")
  end
  local year, month, day = civil_of(here // DAY)
  local second = here % DAY // 1000
  local text = string.format("%04d-%02d-%02dT%02d:%02d:%02d", year, month, day,
                             second // 3600, second // 60 % 60, second % 60)
  if digits > 0 then
    text = text .. string.format(".%03d", here % 1000):sub(1, digits + 1)
  end
  if offset == 0 then
    return text .. "Z"
  end
  local size = math.abs(offset)
  return text .. string.format("%s%02d:%02d", offset < 0 and "-" or "+", size // 60, size % 60)
end

-- Milliseconds, the offset, and the digits of the fraction: nil when the time is milliseconds.
local function take(name, time)
  if type(time) == "string" then
    local ms, offset, digits = read(time)
    if not ms then
      error("dates." .. name .. ": " .. shown(time) .. " is no RFC 3339 time", 3)
    end
    return ms, offset, digits
  end
  local ms = math.type(time) and math.tointeger(time)
  if not ms or ms < FIRST - DAY or ms > LAST + DAY then
    error("dates." .. name .. ": " .. shown(time) .. " is neither an RFC 3339 time nor its milliseconds", 3)
  end
  return ms, 0, nil
end

-- A time of the kind that digits tells.
local function give(name, ms, offset, digits)
  if not digits then
    return ms
  end
  return write(name, ms, offset, ms % 1000 ~= 0 and 3 or digits)
end

-- The milliseconds of a text; fractions of a millisecond are dropped.
-- dates.parse("2026-11-26T09:30:00.250+02:00") --> 1795678200250
function dates.parse(text)
  if type(text) ~= "string" then
    fail("parse", "%s is no RFC 3339 time", shown(text))
  end
  local ms = take("parse", text)
  return ms
end

-- The seconds of a time, fractions dropped.
-- dates.seconds("2026-11-26T07:30:00.250Z") --> 1795678200
function dates.seconds(time)
  local ms = take("seconds", time)
  return ms // 1000
end

-- The text of a time, with an offset in minutes (that of the text, else 0) and 0 to 3 digits of a
-- fraction (as many as are needed).
-- dates.format(1795678200250) --> "2026-11-26T07:30:00.250Z"
-- dates.format(1795678200000, 120) --> "2026-11-26T09:30:00+02:00"
-- dates.format("2026-11-26T07:30:00Z", -330, 3) --> "2026-11-26T02:00:00.000-05:30"
function dates.format(time, offset, digits)
  local ms, own, kept = take("format", time)
  offset, digits = offset or own, digits or (ms % 1000 ~= 0 and 3 or kept or 0)
  if math.type(offset) ~= "integer" or offset < -1439 or offset > 1439 then
    fail("format", "%s is no offset in minutes", shown(offset))
  end
  if math.type(digits) ~= "integer" or digits < 0 or digits > 3 then
    fail("format", "%s is no number of digits between 0 and 3", shown(digits))
  end
  return write("format", ms, offset, digits)
end

-- Its day as a text.
-- dates.date("2026-11-26T23:30:00-05:00") --> "2026-11-26"
function dates.date(time)
  local ms, offset = take("date", time)
  return write("date", ms, offset, 0):sub(1, 10)
end

-- The parts of a time: year, month, day, hour, minute, second, millisecond, offset (minutes), weekday
-- (1 = Monday), yearday, week and week_year (ISO 8601).
-- dates.fields("2026-11-26T07:30:00Z").weekday --> 4
-- dates.fields("2027-01-01T00:00:00Z").week_year --> 2026
function dates.fields(time)
  local ms, offset = take("fields", time)
  local here = ms + offset * 60000
  local days, left = here // DAY, here % DAY
  local year, month, day = civil_of(days)
  local week, week_year = week_of(days)
  return {year = year, month = month, day = day, hour = left // 3600000, minute = left // 60000 % 60,
          second = left // 1000 % 60, millisecond = left % 1000, offset = offset,
          weekday = weekday_of(days), yearday = days - days_of(year, 1, 1) + 1,
          week = week, week_year = week_year}
end

-- The milliseconds of parts; year, month and day must be there, the others are 0.
-- dates.time({year = 2026, month = 11, day = 26, hour = 7, minute = 30}) --> 1795678200000
function dates.time(fields)
  local function part(name, low, high, default)
    local value = fields[name]
    if value == nil then
      value = default
    end
    value = math.type(value) and math.tointeger(value)
    if not value or value < low or value > high then
      error("dates.time: " .. name .. " must be an integer between " .. low .. " and " .. high, 4)
    end
    return value
  end
  if type(fields) ~= "table" then
    fail("time", "%s is no table of parts", shown(fields))
  end
  local year, month = part("year", 0, 9999), part("month", 1, 12)
  local day = part("day", 1, dates.days_in_month(year, month))
  local minutes = part("hour", 0, 23, 0) * 60 + part("minute", 0, 59, 0) - part("offset", -1439, 1439, 0)
  return days_of(year, month, day) * DAY +
    (minutes * 60 + part("second", 0, 59, 0)) * 1000 + part("millisecond", 0, 999, 0)
end

-- --- counting -----------------------------------------------------------------------

-- The unit without its plural; raises for what is none.
local function unit_of(name, unit)
  local one = type(unit) == "string" and unit:gsub("s$", "") or unit
  if type(one) ~= "string" or UNITS[one] == nil then
    error("dates." .. name .. ": " .. shown(unit) .. " is no unit of time", 3)
  end
  return one
end

-- The days of a list of dates as a set; times of day are allowed and ignored.
local function holidays_of(name, list)
  local set = {}
  if list ~= nil and type(list) ~= "table" then
    error("dates." .. name .. ": the holidays must be a list", 3)
  end
  for i = 1, list and #list or 0 do
    local text = list[i]
    local year, month, day = tostring(text):match("^(%d%d%d%d)%-(%d%d)%-(%d%d)")
    year, month, day = math.tointeger(year), math.tointeger(month), math.tointeger(day)
    if not year or month < 1 or month > 12 or day < 1 or day > dates.days_in_month(year, month) then
      error("dates." .. name .. ": the holiday " .. shown(text) .. " is no date", 3)
    end
    set[days_of(year, month, day)] = true
  end
  return set
end

local function is_business(days, holidays)
  return weekday_of(days) <= 5 and not holidays[days]
end

-- Moves by business days. Whole weeks are jumped over when no holiday can lie in them.
local function add_business(days, n, holidays)
  local step = n < 0 and -1 or 1
  local left = math.abs(n)
  if next(holidays) == nil and left > 10 then
    while not is_business(days, holidays) do
      days = days - step      -- the Friday before a weekend, the Monday behind it
    end
    days = days + step * (left // 5) * 7
    left = left % 5
  end
  while left > 0 do
    days = days + step
    if is_business(days, holidays) then
      left = left - 1
    end
  end
  return days
end

-- Moves by months; a day that the month does not have becomes its last.
local function add_months(days, n)
  local year, month, day = civil_of(days)
  local months = year * 12 + month - 1 + n
  year, month = months // 12, months % 12 + 1
  local last = dates.days_in_month(year, month)
  return days_of(year, month, day < last and day or last)
end

local function add(name, time, n, unit, holidays)
  local ms, offset, digits = take(name, time)
  unit = unit_of(name, unit)
  local count = math.type(n) and math.tointeger(n)
  if not count or count > 1 << 50 or count < -(1 << 50) or
     (UNITS[unit] and math.abs(count) > 2 * LAST // UNITS[unit]) or
     (not UNITS[unit] and math.abs(count) > 4000000) then
    error("dates." .. name .. ": " .. shown(n) .. " is no whole number that can be added", 3)
  end
  if UNITS[unit] then
    return give(name, ms + count * UNITS[unit], offset, digits)
  end
  local here = ms + offset * 60000
  local days, left = here // DAY, here % DAY
  if unit == "business_day" then
    days = add_business(days, count, holidays_of(name, holidays))
  else
    days = add_months(days, count * (unit == "year" and 12 or unit == "quarter" and 3 or 1))
  end
  return give(name, days * DAY + left - offset * 60000, offset, digits)
end

-- A time some units later: milliseconds, seconds, minutes, hours, days, weeks, business_days, months,
-- quarters or years. A day that the month does not have becomes its last. Business days are Monday to
-- Friday without the dates of the list holidays.
-- dates.add("2026-11-26T07:30:00Z", 90, "minutes") --> "2026-11-26T09:00:00Z"
-- dates.add("2024-01-31T12:00:00+01:00", 1, "month") --> "2024-02-29T12:00:00+01:00"
-- dates.add("2026-12-23T08:00:00Z", 3, "business_days", {"2026-12-25"}) --> "2026-12-29T08:00:00Z"
function dates.add(time, n, unit, holidays)
  local later = add("add", time, n, unit, holidays)
  return later
end

-- The same, earlier.
-- dates.subtract("2026-03-31T00:00:00Z", 1, "month") --> "2026-02-28T00:00:00Z"
function dates.subtract(time, n, unit, holidays)
  local earlier = add("subtract", time, math.type(n) and -n or n, unit, holidays)
  return earlier
end

-- Whole months from one time to the other, both taken in the offset of the first.
local function months_between(from, to, offset)
  local a, b = from + offset * 60000, to + offset * 60000
  local year_a, month_a = civil_of(a // DAY)
  local year_b, month_b = civil_of(b // DAY)
  local n = (year_b - year_a) * 12 + month_b - month_a
  local reached = add_months(a // DAY, n) * DAY + a % DAY
  if n > 0 and reached > b then
    return n - 1
  elseif n < 0 and reached < b then
    return n + 1
  end
  return n
end

-- Business days behind the day a, up to and with the day b.
local function business_between(a, b, holidays)
  if b < a then
    return -business_between(b - 1, a - 1, holidays)
  end
  local weeks = (b - a) // 7
  local n = weeks * 5
  for days = a + weeks * 7 + 1, b do
    if weekday_of(days) <= 5 then
      n = n + 1
    end
  end
  for days in pairs(holidays) do
    if days > a and days <= b and weekday_of(days) <= 5 then
      n = n - 1
    end
  end
  return n
end

-- Whole units from one time to another, negative when the other is earlier.
-- dates.diff("2026-11-26T00:00:00Z", "2026-12-25T12:00:00Z", "days") --> 29
-- dates.diff("2024-02-29T00:00:00Z", "2025-02-28T00:00:00Z", "years") --> 1
-- dates.diff("2026-11-26T08:00:00Z", "2026-12-01T08:00:00Z", "business_days") --> 3
function dates.diff(from, to, unit, holidays)
  local a, offset = take("diff", from)
  local b = take("diff", to)
  unit = unit_of("diff", unit)
  local size = UNITS[unit]
  if size then
    local whole = math.abs(b - a) // size
    return b < a and -whole or whole
  elseif unit == "business_day" then
    return business_between((a + offset * 60000) // DAY, (b + offset * 60000) // DAY,
                            holidays_of("diff", holidays))
  end
  local months, per = months_between(a, b, offset), unit == "year" and 12 or unit == "quarter" and 3 or 1
  return months < 0 and -(-months // per) or months // per
end

-- Is the first time earlier than the second, whatever their offsets?
-- dates.before("2026-11-26T09:00:00+02:00", "2026-11-26T08:00:00Z") --> true
function dates.before(a, b)
  local first = take("before", a)
  local second = take("before", b)
  return first < second
end

-- The day of the week, 1 = Monday to 7 = Sunday, and its English name.
-- dates.weekday("2026-11-29T12:00:00Z") --> 7
function dates.weekday(time)
  local ms, offset = take("weekday", time)
  local day = weekday_of((ms + offset * 60000) // DAY)
  return day, WEEKDAYS[day]
end

-- The English name of the day of the week.
-- dates.weekday_name("2026-11-26T12:00:00Z") --> "Thursday"
function dates.weekday_name(time)
  local ms, offset = take("weekday_name", time)
  return WEEKDAYS[weekday_of((ms + offset * 60000) // DAY)]
end

-- Is it a day from Monday to Friday that is not in the list holidays?
-- dates.is_business_day("2026-12-25T12:00:00Z", {"2026-12-25"}) --> false
function dates.is_business_day(time, holidays)
  local ms, offset = take("is_business_day", time)
  return is_business((ms + offset * 60000) // DAY, holidays_of("is_business_day", holidays))
end

-- The week as ISO 8601 writes it.
-- dates.iso_week("2027-01-01T00:00:00Z") --> "2026-W53"
function dates.iso_week(time)
  local ms, offset = take("iso_week", time)
  local week, year = week_of((ms + offset * 60000) // DAY)
  return string.format("%04d-W%02d", year, week)
end

-- The first day of the unit that the day lies in, and of the one behind it.
local function unit_days(unit, days)
  local year, month = civil_of(days)
  if unit == "week" then
    local first = days - weekday_of(days) + 1
    return first, first + 7
  elseif unit == "year" then
    return days_of(year, 1, 1), days_of(year + 1, 1, 1)
  end
  local first
  if unit == "quarter" then
    first = days_of(year, (month - 1) // 3 * 3 + 1, 1)
    return first, add_months(first, 3)
  end
  first = days_of(year, month, 1)
  return first, add_months(first, 1)
end

-- Begin and end of the unit around a moment, both in milliseconds of its offset.
local function bounds(unit, here)
  local size = UNITS[unit]
  if size and unit ~= "week" then
    return here - here % size, here - here % size + size
  elseif unit == "business_day" then
    return here - here % DAY, here - here % DAY + DAY
  end
  local first, behind = unit_days(unit, here // DAY)
  return first * DAY, behind * DAY
end

-- The first moment of the unit that a time lies in: second ... year; weeks begin on Monday.
-- dates.start_of("2026-11-26T07:30:00Z", "month") --> "2026-11-01T00:00:00Z"
-- dates.start_of("2026-11-26T07:30:00+02:00", "week") --> "2026-11-23T00:00:00+02:00"
function dates.start_of(time, unit)
  local ms, offset, digits = take("start_of", time)
  unit = unit_of("start_of", unit)
  local first = bounds(unit, ms + offset * 60000)
  return give("start_of", first - offset * 60000, offset, digits)
end

-- The last millisecond of the unit that a time lies in.
-- dates.end_of("2024-02-10T07:30:00Z", "month") --> "2024-02-29T23:59:59.999Z"
function dates.end_of(time, unit)
  local ms, offset, digits = take("end_of", time)
  unit = unit_of("end_of", unit)
  local _, behind = bounds(unit, ms + offset * 60000)
  return give("end_of", behind - 1 - offset * 60000, offset, digits)
end

return dates
