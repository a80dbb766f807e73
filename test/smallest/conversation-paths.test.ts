// Every path of the models of a conversation and of a turn, with every limit at its smallest.
import "./limits.ts";
import "../model/conversation-paths.test.ts";
