using System.Globalization;
using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Etcd;

namespace DlmUpdater.EndToEnd.Replaces;

/// <summary>A host of Flatcar on which locksmithd was in charge of the reboot, at a real etcd: the update is in the other partition, the reboot is all there is to do.</summary>
public sealed class LocksmithdTests(SharedEtcd etcd) : IClassFixture<SharedEtcd>, IDisposable
{
    private readonly OldHost _host = new("flatcar");
    private readonly string _group = "g" + Guid.NewGuid().ToString("N");

    private Sandbox Box => _host.Box;

    private string Key => $"coreos.com/updateengine/rebootlock/groups/{_group}/semaphore";

    private string Me => File.ReadAllText(_host.Etc + "/machine-id").Trim();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Etcd_lock_reboots_under_the_slot_and_gives_it_back_only_when_the_host_is_well()
    {
        Flatcar("REBOOT_STRATEGY=etcd-lock");
        Engine("UPDATE_STATUS_UPDATED_NEED_REBOOT");
        Box.Script("post_update", "10-health", "[ -e $ROOT/marks/well ] || finish 1");

        Run().Expect(0);
        Assert.Equal("reboot/reboot", Box.Log.Started[^1]);
        Assert.Equal($$"""{"semaphore":0,"max":1,"holders":["{{Me}}"]}""", await etcd.Server.Get2(Key));

        // locksmithd gave the slot back as soon as it was started again, whatever the state of the host.
        Engine("UPDATE_STATUS_IDLE");
        Boot next = Box.NextBoot();
        Run(next, "--after-reboot").Expect(1);
        Assert.Equal($$"""{"semaphore":0,"max":1,"holders":["{{Me}}"]}""", await etcd.Server.Get2(Key));

        File.WriteAllText(Box.Root + "/marks/well", "");
        Run(next).Expect(0);
        Assert.Equal("""{"semaphore":1,"max":1,"holders":[]}""", await etcd.Server.Get2(Key));
    }

    [Fact]
    public async Task A_host_without_an_update_takes_no_slot()
    {
        Flatcar("REBOOT_STRATEGY=etcd-lock");
        Engine("UPDATE_STATUS_IDLE");
        Run().Expect(0);
        Assert.Equal(["needs_update/10-update-engine"], Box.Log.Started);
        Assert.Null(await etcd.Server.Get2(Key));
    }

    [Fact]
    public async Task A_slot_of_another_host_is_waited_for_and_nothing_is_rebooted()
    {
        await etcd.Server.Put2(Key, """{"semaphore":0,"max":1,"holders":["another"]}""");
        Flatcar("REBOOT_STRATEGY=etcd-lock");
        Engine("UPDATE_STATUS_UPDATED_NEED_REBOOT");
        _host.Environment["DLM_UPDATER__LOCK__WAIT"] = "false";
        Run().Expect(75);
        Assert.DoesNotContain("reboot/reboot", Box.Log.Started);
        Assert.Equal("""{"semaphore":0,"max":1,"holders":["another"]}""", await etcd.Server.Get2(Key));
    }

    [Fact]
    public async Task Strategy_reboot_asks_for_no_slot()
    {
        Flatcar("REBOOT_STRATEGY=reboot");
        Engine("UPDATE_STATUS_UPDATED_NEED_REBOOT");
        Run().Expect(0);
        Assert.Equal("reboot/reboot", Box.Log.Started[^1]);
        Assert.Null(await etcd.Server.Get2(Key));
    }

    [Fact]
    public void Strategy_off_does_nothing()
    {
        Flatcar("REBOOT_STRATEGY=off");
        Engine("UPDATE_STATUS_UPDATED_NEED_REBOOT");
        Assert.Contains("off", Run().Expect(0).Error, StringComparison.Ordinal);
        Assert.Empty(Box.Log.Started);
    }

    [Theory]
    [InlineData("LOCKSMITHD_REBOOT_WINDOW", "")]
    [InlineData("REBOOT_WINDOW", "")]
    [InlineData("LOCKSMITHD_REBOOT_WINDOW", "day")]
    public async Task Outside_its_window_the_host_waits_without_a_slot_and_inside_it_reboots(string prefix, string day)
    {
        Engine("UPDATE_STATUS_UPDATED_NEED_REBOOT");
        DateTime later = DateTime.Now.AddHours(6), earlier = DateTime.Now.AddMinutes(-30);
        string At(DateTime time) => (day.Length > 0 ? time.ToString("ddd ", CultureInfo.InvariantCulture) : "") + time.ToString("HH:mm", CultureInfo.InvariantCulture);

        Flatcar("REBOOT_STRATEGY=etcd-lock", $"{prefix}_START=\"{At(later)}\"", $"{prefix}_LENGTH=1h30m");
        Run().Expect(75);
        Assert.DoesNotContain("reboot/reboot", Box.Log.Started);
        Assert.Null(await etcd.Server.Get2(Key));

        Flatcar("REBOOT_STRATEGY=etcd-lock", $"{prefix}_START=\"{At(earlier)}\"", $"{prefix}_LENGTH=23h");
        Run().Expect(0);
        Assert.Equal("reboot/reboot", Box.Log.Started[^1]);
    }

    [Fact]
    public async Task A_window_in_a_drop_in_of_the_unit_holds()
    {
        Engine("UPDATE_STATUS_UPDATED_NEED_REBOOT");
        Flatcar("REBOOT_STRATEGY=etcd-lock");
        const string DropIn = "systemd/system/locksmithd.service.d/10-window.conf";
        string start = DateTime.Now.AddHours(6).ToString("ddd HH:mm", CultureInfo.InvariantCulture);
        _host.WriteEtc(DropIn, $"[Service]\nEnvironment=\"LOCKSMITHD_REBOOT_WINDOW_START={start}\" LOCKSMITHD_REBOOT_WINDOW_LENGTH=1h30m\n");
        Run().Expect(75);
        Assert.DoesNotContain("reboot/reboot", Box.Log.Started);
        Assert.Null(await etcd.Server.Get2(Key));
        Assert.Contains($"# LOCKSMITHD_REBOOT_WINDOW_START (/etc/{DropIn}:2)", _host.Call("dlm-updater", "import", "/etc/flatcar/update.conf").Expect(0).Output, StringComparison.Ordinal);

        _host.WriteEtc(DropIn, $"[Service]\nEnvironment=\"LOCKSMITHD_REBOOT_WINDOW_START={start}\nEnvironment=LOCKSMITHD_REBOOT_WINDOW_LENGTH=1h30m\n");
        Assert.Contains($"/etc/{DropIn}:2: Environment: has a quote that does not end", Run().Expect(78).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_window_is_refused()
    {
        Flatcar("REBOOT_STRATEGY=etcd-lock", "LOCKSMITHD_REBOOT_WINDOW_START=04:00");
        Assert.Contains("is set without LOCKSMITHD_REBOOT_WINDOW_LENGTH", Run().Expect(78).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_environment_wins_over_the_file_and_the_file_of_the_host_over_that_of_the_image()
    {
        Engine("UPDATE_STATUS_UPDATED_NEED_REBOOT");
        Flatcar("REBOOT_STRATEGY=off", "LOCKSMITHD_GROUP=elsewhere", "LOCKSMITHD_ETCD_USERNAME=", "LOCKSMITHD_DEBUG=true");
        _host.Environment["REBOOT_STRATEGY"] = "etcd-lock";
        _host.Environment["LOCKSMITHD_GROUP"] = _group;
        Run().Expect(0);
        Assert.Equal($$"""{"semaphore":0,"max":1,"holders":["{{Me}}"]}""", await etcd.Server.Get2(Key));
    }

    [Fact]
    public void A_file_that_says_nothing_of_the_strategy_adopts_nobody()
    {
        _host.Write("update.conf", "GROUP=stable\nSERVER=https://update.example/v1/update/\n");
        Assert.Contains("/etc/dlm-updater/config.ini", Run().Expect(78).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_keeps_every_variable()
    {
        Flatcar("GROUP=stable", "REBOOT_STRATEGY=etcd-lock", "LOCKSMITHD_REBOOT_WINDOW_START=\"Thu 23:00\"", "LOCKSMITHD_REBOOT_WINDOW_LENGTH=1h30m");
        string imported = _host.Call("dlm-updater", "import", "/etc/flatcar/update.conf").Expect(0).Output;
        foreach (string name in (string[])["REBOOT_STRATEGY", "LOCKSMITHD_REBOOT_WINDOW_START", "LOCKSMITHD_ENDPOINT", "LOCKSMITHD_GROUP"])
            Assert.Contains($"# {name} (/etc/flatcar/update.conf:", imported, StringComparison.Ordinal);

        File.WriteAllText(_host.Etc + "/mine.ini", imported);
        Assert.Contains("Thu 23:00/1h30m", imported, StringComparison.Ordinal);
        _host.Call("dlm-updater", "check", "--config", "/etc/mine.ini", "--offline");
    }

    [Theory]
    [InlineData("echo 'CURRENT_OP=UPDATE_STATUS_UPDATED_NEED_REBOOT'", 1)]
    [InlineData("echo 'CURRENT_OP=UPDATE_STATUS_IDLE'", 0)]
    [InlineData("echo 'CURRENT_OP=UPDATE_STATUS_DOWNLOADING'", 0)]
    [InlineData("echo 'no service' >&2; exit 1", 126)]
    [InlineData("echo 'LAST_CHECKED_TIME=0'", 126)]
    [InlineData(null, 126)]
    public void The_shipped_check_of_update_engine_answers(string? client, int code)
    {
        string bin = Box.Root + "/bin";
        Sandbox.MakeDirectory(bin);
        if (client is not null) Program(bin + "/update_engine_client", client);
        Assert.Equal(code, Binary.Command("env", $"PATH={bin}:/usr/bin:/bin", Hook("update-engine")).Code);
    }

    [Fact]
    public void The_shipped_check_of_reboot_required_answers()
    {
        string script = Hook("reboot-required"), run = Box.Root + "/run-of-the-host";
        Sandbox.MakeDirectory(run);
        (int Code, string Output, string Error) Check() => Binary.Command("unshare", "-m", "sh", "-c", $"mount --bind {run} /run && exec {script}");
        Assert.Equal(0, Check().Code);
        File.WriteAllText(run + "/reboot-required", "");
        Assert.Equal(1, Check().Code);
        File.WriteAllText(run + "/reboot-required.pkgs", "linux-image\nlibc6\nlibc6\n");
        Assert.Equal((1, "libc6\nlinux-image\n", ""), Check());
    }

    private static string Hook(string name) => $"{Binary.Source}/src/dist/hooks/{name}/needs_update.d/10-{name}";

    private static void Program(string path, string body)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, Sandbox.Executable);
    }

    private void Flatcar(params string[] lines)
    {
        _host.Write("update.conf", string.Join('\n', [$"LOCKSMITHD_ENDPOINT={etcd.Server.Url}", $"LOCKSMITHD_GROUP={_group}", .. lines]) + "\n");
        _host.Environment["DLM_UPDATER__SCRIPTS__DIRECTORY"] = Box.ScriptDirectory;
        _host.Environment["DLM_UPDATER__REBOOT__COMMAND"] = Box.RebootCommand;
    }

    /// <summary>The shipped check is linked in, as on a real host; the client of update_engine stands in for its D-Bus service.</summary>
    private void Engine(string status)
    {
        string bin = Box.Root + "/bin";
        Sandbox.MakeDirectory(bin);
        Program(bin + "/update_engine_client", $"echo CURRENT_OP={status}");
        Box.Script("needs_update", "10-update-engine", $"PATH={bin}:$PATH {Hook("update-engine")} || finish $?");
    }

    private Ended Run(params string[] more) => Run(null, more);

    private Ended Run(Boot? boot, params string[] more) => _host.Call("dlm-updater", boot, ["run", .. more]);
}
