-- score - how many points an applicant gets, and what for.
--
-- Pure: what it returns depends on its event alone, so pawld runs it in process,
-- in the same step that enters the state.

local rules = {
	{ 40, "the name is known", function(e) return e.checks.name.known end },
	{ 20, "the address is deliverable", function(e) return e.checks.address.deliverable end },
	{ 15, "three years at the address", function(e) return e.checks.address.yearsThere >= 3 end },
	{ 25, "income of 20,000 or more", function(e) return e.income >= 20000 end },
}

return pawl.pure(function(event)
	local points, reasons = 0, {}
	for _, rule in ipairs(rules) do
		if rule[3](event) then
			points = points + rule[1]
			reasons[#reasons + 1] = rule[2]
		end
	end
	return { points = points, reasons = reasons }
end)
