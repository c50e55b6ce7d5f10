-- audit - a line in the log for each execution that ended, and for each state that failed and was not
-- tried again. Names, states and times only: no input, output or cause.
local dates = require("dates")

return {
  execution_ended = function(execution)
    log(execution.status, "machine=" .. execution.state_machine_name, "execution=" .. execution.execution_name,
      "seconds=" .. (dates.diff(execution.start_time, execution.stop_time, "milliseconds") / 1000),
      execution.error and "error=" .. execution.error or "")
  end,

  state_failed = function(event)
    if event.outcome ~= "RETRIED" then
      warn("machine=" .. event.state_machine_name, "execution=" .. event.execution_name,
        "state=" .. event.state_name, "error=" .. (event.error or "-"), event.outcome,
        event.next and "next=" .. event.next or "")
    end
  end,
}
