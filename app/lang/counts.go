package lang

// People says a number of people.
func People(n int) string { return N(n, "%d person", "%d people", n) }

// Groups says a number of groups.
func Groups(n int) string { return N(n, "%d group", "%d groups", n) }

// Members says a number of members.
func Members(n int) string { return N(n, "%d member", "%d members", n) }

// Requests says a number of requests to a remote API.
func Requests(n int) string { return N(n, "%d request", "%d requests", n) }

// Seats says a number of a product's seats.
func Seats(n int) string { return N(n, "%d seat", "%d seats", n) }

// Sites says a number of sites.
func Sites(n int) string { return N(n, "%d site", "%d sites", n) }

// Removals says a number of memberships that are taken away.
func Removals(n int) string { return N(n, "%d removal", "%d removals", n) }
