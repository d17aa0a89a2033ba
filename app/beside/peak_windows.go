package main

import "os"

// peak is 0: Windows doesn't tell of an ended process.
func peak(*os.ProcessState) float64 { return 0 }
