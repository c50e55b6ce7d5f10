-- order_total - adds up an order. Pure: it only computes, so it runs inside the move.
--
-- {"items": [{"price": "9.90", "count": 2}]} gives the same with "total": "19.80".
local money = require("money")

return pawl.pure(function(event)
  local total = 0
  for i, item in ipairs(event.items or {}) do
    local cents = money.cents(item.price)
    if not cents then
      error({errorType = "BadPrice", errorMessage = "item " .. i .. " has no price"})
    end
    total = total + cents * (item.count or 1)
  end
  event.total = money.text(total)
  return event
end)
