-- guard - who may call what, and which hosts tasks may reach. With its tables empty nobody is refused.

-- Access keys that may look and nothing else: {AKIDREADER = true}
local readers = {}
-- State machines that only some access keys may touch: {payroll = {AKIDPAY = true}}
local owned = {}
-- Hosts that http:invoke may call, all when empty: {["api.example.com"] = true}
local hosts = {}

local function only_looks(action)
  return action ~= "GetActivityTask" and
    (action:find("^Get") or action:find("^List") or action:find("^Describe") or action:find("^Validate")) ~= nil
end

return {
  authorize = function(request)
    local key = request.access_key_id
    local owners = owned[request.state_machine_name or ""]
    if readers[key or ""] and not only_looks(request.action) then
      return false, "the key " .. key .. " may only read"
    end
    if owners and not owners[key or ""] then
      return false, "the state machine " .. request.state_machine_name .. " belongs to others"
    end
    return true
  end,

  before_dispatch = function(task)
    if task.resource:find("arn:aws:states:::http:invoke", 1, true) ~= 1 or next(hosts) == nil then
      return
    end
    local place = tostring(task.parameters.ApiEndpoint):match("^https?://([^/?#\\]+)") or ""
    local host = place:match("^([^:@]+)$") or place:match("^([^:@]+):%d+$")
    if not host or not hosts[host:lower()] then
      return false, "Guard.Host", "tasks may not call " .. place
    end
  end,
}
