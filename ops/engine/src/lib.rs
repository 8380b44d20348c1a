//! The engine: `(state, input, now) -> decisions`. Evaluation of thresholds, what is usual, the
//! incident agent, the recommender, the gate, replay, and the schedules of simulated traffic. Pure: no input, output,
//! clock or randomness.

pub mod agent;
pub mod availability;
pub mod backtest;
pub mod baseline;
pub mod evaluate;
pub mod gate;
pub mod impact;
pub mod moved;
pub mod objective;
pub mod past;
pub mod protection;
pub mod recommender;
pub mod replay;
pub mod report;
pub mod review;
pub mod similar;
pub mod simulation;
pub mod summary;
