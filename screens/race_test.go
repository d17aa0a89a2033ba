//go:build race

package screens

// raced says that the race detector looks on.
const raced = true
