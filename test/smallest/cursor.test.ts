// The cursor's promises with every limit at its smallest: a slice of catching up is a single event.
import "./limits.ts";
import "../streams/cursor.test.ts";
