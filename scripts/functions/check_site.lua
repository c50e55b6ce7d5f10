-- check_site - asks a web site whether it is up, a few times if need be. Ordinary: it waits, so it
-- runs in a function worker.
--
-- {"url": "https://example.org/", "tries": 3} gives {"up": true, "status": 200, "tries": 1}.
return function(event)
  local tries = event.tries or 3
  for try = 1, tries do
    local answer, why = http.request{url = event.url, timeout = 5}
    if answer and answer.status < 500 then
      return {up = true, status = answer.status, tries = try}
    end
    log("try", try, "of", event.url, "failed:", why or answer.status)
    if try < tries then
      sleep(event.pause or 1)
    end
  end
  return {up = false, tries = tries}
end
