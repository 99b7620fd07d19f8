using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.DlmEngine;

namespace DlmUpdater.Tests.Locks.DlmEngine;

public sealed class DlmEngineSetupTests
{
    private static readonly DlmEngineSettings Engine = new() { Url = "http://localhost:8000", SecretId = "id", Secret = SecretText.NotRead };

    private static readonly LockSettings Lock = new() { Name = "web", Holder = "a.example" };

    [Fact]
    public void A_service_is_made_without_reading_the_secret()
    {
        using DlmEngineLockService? service = DlmEngineSetup.Make(Engine, Lock, TimeProvider.System, out string why);
        Assert.Equal("", why);
        Assert.Equal(new("dlmengine", "web", "a.example"), service!.Identity);
    }

    [Theory]
    [InlineData("http://engine.example", null, "[dlmengine] url")]
    [InlineData("http://localhost:8000", "http://proxy.example:3128", "[dlmengine] proxy")]
    [InlineData("http://127.0.0.1:8000", "http://127.0.0.2:3128", "")]
    [InlineData("http://[::1]:8000", null, "")]
    [InlineData("https://engine.example", "http://proxy.example:3128", "")]
    public void The_secret_leaves_the_host_only_encrypted(string url, string? proxy, string complaint)
    {
        using DlmEngineLockService? service = DlmEngineSetup.Make(Engine with { Url = url, Proxy = proxy }, Lock, TimeProvider.System, out string why);
        Assert.Equal(complaint.Length == 0, service is not null);
        if (complaint.Length > 0) Assert.StartsWith(complaint, why);
    }

    [Fact]
    public void A_lock_that_the_old_api_would_take_for_its_search_is_refused()
    {
        LockSettings search = Lock with { Name = "_search" };
        Assert.Null(DlmEngineSetup.Make(Engine with { Api = 1 }, search, TimeProvider.System, out string why));
        Assert.Contains("[lock] name", why);
        using DlmEngineLockService? other = DlmEngineSetup.Make(Engine, search, TimeProvider.System, out _);
        Assert.NotNull(other);
    }

    [Fact]
    public void A_holder_that_is_none_is_refused() =>
        Assert.Null(DlmEngineSetup.Make(Engine, Lock with { Holder = "" }, TimeProvider.System, out _));
}
