won
