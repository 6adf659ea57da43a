-- Erasures of people that were carried out here: each once, also where what it follows from is read from the log again.
-- Whoever comes back later keeps what they have then.
CREATE TABLE forgotten (
    event UUID PRIMARY KEY,
    district TEXT NOT NULL
);
