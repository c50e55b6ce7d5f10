-- fields - what stands on an invoice: the text of pdftotext to number, date, IBAN, total.
--
-- Pure: pawld runs it in process, in the same step that enters the state. The total is
-- null when it cannot be read; a text that is no invoice at all raises Invoice.NotReadable.
local money = require("money")
local text = require("text")

-- In English and in German, as a pattern each; the first that is found counts.
local labels = {
	vat_id = { "VAT ID:%s*(%w+)", "USt%-IdNr%.:%s*(%w+)" },
	number = { "Invoice number:%s*(%S+)", "Rechnungsnummer:%s*(%S+)" },
	issued = { "Invoice date:%s*(%S+)", "Rechnungsdatum:%s*(%S+)" },
	iban = { "IBAN:?%s*(%u%u%d%d[%w ]+)" },
	total = { "Total due%s+([^\n]+)", "Rechnungsbetrag%s+([^\n]+)" },
}

local function find(page, name)
	for _, pattern in ipairs(labels[name]) do
		local found = page:match(pattern)
		if found then
			return text.trim(found)
		end
	end
	return nil
end

-- "2026-10-03" or "03.10.2026" as the first; nil for anything else.
local function date(written)
	local day, month, year = written:match("^(%d%d)%.(%d%d)%.(%d%d%d%d)$")
	if day then
		return year .. "-" .. month .. "-" .. day
	end
	return written:match("^%d%d%d%d%-%d%d%-%d%d$")
end

-- Cents of "EUR 1,234.50" or "1.234,50 EUR"; null when a character of it is none of an amount.
local function cents(written)
	local amount = text.trim(text.replace(written, "EUR", ""))
	if amount:match("^[%d.]+,%d%d$") then
		amount = text.replace(text.replace(amount, ".", ""), ",", ".")
	end
	if not amount:match("^[%d,]+%.%d%d$") then
		return pawl.null
	end
	return money.parse(amount)
end

return pawl.pure(function(event)
	local found = {}
	for name in pairs(labels) do
		found[name] = find(event.text, name)
		if found[name] == nil then
			error({ errorType = "Invoice.NotReadable", errorMessage = "no " .. name .. " on it" })
		end
	end
	local issued = date(found.issued)
	if issued == nil then
		error({ errorType = "Invoice.NotReadable", errorMessage = "no date: " .. found.issued })
	end
	return {
		vat_id = found.vat_id,
		number = found.number,
		issued = issued,
		iban = text.replace(found.iban, " ", ""),
		written_total = found.total,
		cents = cents(found.total),
	}
end)
