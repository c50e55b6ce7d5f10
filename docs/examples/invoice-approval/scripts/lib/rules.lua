-- rules - the rules of the house: what people must look at, who they are, and what they said.
local list = require("list")
local money = require("money")
local text = require("text")

local BOARD_ABOVE = 1000000 -- cents: beyond it all of finance and the board must approve

local rules = {}

-- Is it an IBAN: does its check sum hold (ISO 7064, mod 97-10)?
function rules.is_iban(iban)
	if not iban:match("^%u%u%d%d%w+$") then
		return false
	end
	local rest = 0
	for c in (iban:sub(5) .. iban:sub(1, 4)):gmatch(".") do
		for digit in tostring(tonumber(c, 36)):gmatch(".") do
			rest = (rest * 10 + tonumber(digit)) % 97
		end
	end
	return rest == 1
end

-- Why this invoice is not paid without a look at it: a list of sentences, empty when it is.
-- known: the supplier as the table has it, with members that are null when it does not.
function rules.doubts(invoice, known)
	local doubts = pawl.array()
	local function add(...)
		doubts[#doubts + 1] = string.format(...)
	end

	if not rules.is_iban(invoice.iban) then
		add("%s is no IBAN.", invoice.iban)
	end
	if known.name == pawl.null then
		add("We do not know the supplier with the VAT id %s.", invoice.vat_id)
	elseif known.iban ~= invoice.iban then
		add("The IBAN is not the one that we know of %s, %s.", known.name, known.iban)
	end
	if invoice.cents == pawl.null then
		add("The total cannot be read: %s", invoice.written_total)
	elseif known.name ~= pawl.null and invoice.cents > known.free_up_to then
		add("The total is above %s, up to which nobody is asked.", money.format(known.free_up_to))
	end
	return doubts
end

function rules.is_large(invoice)
	return invoice.cents ~= pawl.null and invoice.cents > BOARD_ABOVE
end

function rules.groups(invoice)
	return rules.is_large(invoice) and { "finance", "board" } or { "finance" }
end

function rules.quorum(invoice)
	return rules.is_large(invoice) and "all" or 1
end

-- As people read it.
function rules.total(invoice)
	return invoice.cents == pawl.null and invoice.written_total or "EUR " .. money.format(invoice.cents)
end

-- What the form must be filled in with.
function rules.required(invoice)
	return invoice.cents == pawl.null and { "cost_center", "total" } or { "cost_center" }
end

-- The decision, of the result of an approval or the cause of its rejection: by, comment, cost_center.
function rules.decision(result)
	local comments = list.filter(result.Decisions, function(d) return d.Comment ~= "" end)
	return {
		by = text.join(list.map(result.Decisions, "Approver"), ", "),
		comment = text.join(list.unique(list.map(comments, "Comment")), " "),
		cost_center = result.Form and result.Form.cost_center or pawl.null,
	}
end

-- Cents that count: what people read on the paper wins over what the program read.
function rules.cents(result, invoice)
	local total = result.Form.total
	return (total == nil or total == pawl.null) and invoice.cents or money.cents(total)
end

return rules
