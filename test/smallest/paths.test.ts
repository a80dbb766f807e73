// Every path of the models of connections, surfaces and a host's life, with every limit at its smallest.
import "./limits.ts";
import "../model/paths.test.ts";
