@test "won" { true; }
