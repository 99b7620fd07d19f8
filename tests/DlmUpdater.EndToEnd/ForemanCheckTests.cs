using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>check</c>, <c>plan</c>, <c>status</c> and <c>lock</c> of a host at Foreman.</summary>
public sealed class ForemanCheckTests
{
    [Fact]
    public void A_host_that_is_set_up_right_has_no_finding_about_Foreman()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var server = new ForemanServer(host.LockDirectory);
        host.Joins(server);

        string said = Agent.Run(host, "check").Expect(0).Output;

        Assert.Matches(@"ok +client certificate: .*a\.example\.pem names a\.example, until 20", said);
        Assert.Matches(@"ok +CA file: .*ca\.crt, until 20", said);
        Assert.Matches(@"ok +lock 'this_is_the_lock_name' at foreman: free", said);
        Assert.Equal(["GET"], server.Methods);
    }

    [Fact]
    public void A_lock_that_does_not_exist_yet_is_a_warning_that_says_how_to_make_it()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var server = new ForemanServer(host.LockDirectory);
        host.Joins(server);
        server.Admin(plugin => plugin.Exists = false);

        Assert.Matches("warning +lock '.*' at foreman: it does not exist yet.*'dlm-updater lock disable', then 'lock enable'", Agent.Run(host, "check").Expect(0).Output);
    }

    [Fact]
    public void A_host_that_Foreman_does_not_know_is_an_error_that_names_the_certificate()
    {
        using Sandbox host = ForemanHost.Make("stranger.example").Cycle(reboot: false);
        using var server = new ForemanServer(host.LockDirectory);
        host.Joins(server);

        string said = Agent.Run(host, "check").Expect(78).Output;

        Assert.Matches(@"error +lock '.*' at foreman: .*stranger\.example\.pem.*\(401\)", said);
    }

    [Fact]
    public void A_lock_that_is_held_while_no_run_is_open_is_a_warning()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var server = new ForemanServer(host.LockDirectory);
        host.Joins(server);
        Agent.Call("lock", "acquire", "--config", host.Config).Expect(0);

        Assert.Matches("warning +lock '.*' at foreman: this host holds it, and no run is open", Agent.Run(host, "check").Expect(0).Output);
    }

    [Fact]
    public void A_key_of_another_certificate_is_an_error_and_nothing_is_asked()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var server = new ForemanServer(host.LockDirectory);
        host.Joins(server);
        var (_, key, _) = ForemanHost.Certificate(host, server, "other.example");
        host.Set("foreman", "client_key", key);

        Assert.Matches(@"error +certificates: .*other\.example\.key.*a\.example\.pem", Agent.Run(host, "check").Expect(78).Output);

        Assert.Empty(server.Requests);
    }

    [Fact]
    public void A_server_that_is_away_is_an_error_that_names_it()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using (var server = new ForemanServer(host.LockDirectory)) host.Joins(server);

        Assert.Matches("error +lock '.*' at foreman: cannot connect to localhost:", Agent.Run(host, "check").Expect(78).Output);
    }

    [Fact]
    public void Plan_and_status_show_the_lock_and_its_holder_and_change_nothing()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var server = new ForemanServer(host.LockDirectory);
        host.Joins(server);
        server.Admin(plugin => plugin.Holder = ForemanHost.B);

        Assert.Contains(ForemanHost.B, Agent.Run(host, "plan").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains(ForemanHost.B, Agent.Run(host, "status").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains(ForemanHost.B, Agent.Call("lock", "show", "--config", host.Config).Expect(0).Output, StringComparison.Ordinal);

        Assert.All(server.Methods, method => Assert.Equal("GET", method));
    }

    [Fact]
    public void Admin_verbs_without_a_login_name_the_settings()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var server = new ForemanServer(host.LockDirectory);
        host.Joins(server);

        foreach (string[] verb in (string[][])[["disable"], ["enable"], ["events"], ["list"], ["unlock", ForemanHost.B, "--yes"]])
            Assert.Contains("[foreman] username", Agent.Call(["lock", verb[0], "--config", host.Config, .. verb[1..]]).Expect(77).Error, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }
}
