// The cursor's promises with every limit at its smallest: one slice of catching up is a single event.
import "./limits.ts";
import "../streams/cursor.test.ts";
