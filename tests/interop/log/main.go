// Audits a registry's log with the Go project's own tlog and note: what is published has to be proved, and what somebody
// changed has to be refused.
//
//	log-audit registry <registry> <token file> <key> <earlier checkpoint>
//	log-audit vectors <folder of test vectors>
package main

import (
	"fmt"
	"os"
)

// How many things were held.
var held int

// hold ends with the first thing that is not as it has to be.
func hold(asItShould bool, what string, arguments ...any) {
	if !asItShould {
		fmt.Fprintf(os.Stderr, "golang.org/x/mod: %s\n", fmt.Sprintf(what, arguments...))
		os.Exit(1)
	}
	held++
}

func must[T any](value T, err error) T {
	hold(err == nil, "%v", err)
	return value
}

func main() {
	arguments := os.Args[1:]
	switch {
	case len(arguments) == 5 && arguments[0] == "registry":
		auditRegistry(arguments[1], arguments[2], arguments[3], arguments[4])
	case len(arguments) == 2 && arguments[0] == "vectors":
		auditVectors(arguments[1])
	default:
		fmt.Fprintln(os.Stderr, "usage: log-audit registry <registry> <token file> <key> <earlier checkpoint>")
		fmt.Fprintln(os.Stderr, "       log-audit vectors <folder of test vectors>")
		os.Exit(2)
	}
}
